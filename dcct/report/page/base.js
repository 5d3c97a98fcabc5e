const byId = (id) => document.getElementById(id);
const block = (id) => JSON.parse(byId(id).textContent);

/** A value that is made when it is first asked for. */
const lazily = (make) => {
  let value;
  return () => (value ??= make());
};

/** An element with attributes and children: texts or elements. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Colours: the system's, or the reader's own.
const THEMES = { "": ["◐", "as the system"], light: ["○", "light"], dark: ["●", "dark"] };

function wear(theme) {
  const [sign, words] = THEMES[theme];
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  const button = byId("theme");
  button.textContent = sign;
  button.title = `Colours: ${words}`;
  button.setAttribute("aria-label", button.title);
  try {
    localStorage.setItem("dcct-theme", theme);
  } catch {} // a browser may keep nothing for a file
}

function kept() {
  try {
    const theme = localStorage.getItem("dcct-theme");
    return theme in THEMES ? theme : "";
  } catch {
    return "";
  }
}

wear(kept());
byId("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  wear(names[(names.indexOf(document.documentElement.dataset.theme ?? "") + 1) % names.length]);
});
