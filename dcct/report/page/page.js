// Provenance: receipts are the nodes, `made_from` the edges; run records say how.
const steps = lazily(() => block("steps"));
const runs = lazily(() => block("runs"));
const facts = lazily(() => block("behind"));
const KINDS = {
  draw: "Figure", tabulate: "Table", cost: "Cost", attend: "Attention", rank: "Metrics", misjudge: "Slips", extract: "Features", train: "Checkpoint", weights: "Initial weights",
  sample: "Test clips", manifest: "Manifest", pack: "Frame store", verify: "Verified data", source: "Data",
};
const ORDER = Object.keys(KINDS);

/** Receipts behind an artefact, nearest first. through: the only ones of its inputs to go through; all if none. */
function behind(receipt, through) {
  const found = new Set([receipt]);
  const waiting = through.length ? [...through] : [...steps()[receipt].made_from];
  while (waiting.length) {
    const next = waiting.pop();
    if (found.has(next) || !steps()[next]) continue;
    found.add(next);
    waiting.push(...steps()[next].made_from);
  }
  return [...found];
}

/** Verb → receipts, from tables back to data. */
function byVerb(receipts) {
  const groups = Map.groupBy(receipts, (receipt) => steps()[receipt].verb);
  return [...groups].sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
}

const total = (receipts) => receipts.reduce((sum, receipt) => sum + (runs()[receipt]?.seconds ?? 0), 0);
const seconds = (value) => `${value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 })} s`;
const code = (text) => element("code", {}, text);

function term(list, name, ...content) {
  if (content[0]) list.append(element("dt", {}, name), element("dd", {}, ...content));
}

function details(receipt) {
  const step = steps()[receipt], run = runs()[receipt], list = element("dl");
  term(list, "command", run ? code(run.command) : "the run record is gone");
  for (const output of step.outputs) term(list, output.path.split("/").pop(), code(`sha256:${output.sha256}`));
  term(list, "receipt", code(receipt));
  term(list, "digests", code(`settings ${step.settings}  code ${step.code}`));
  for (const [file, digest] of Object.entries(step.given)) term(list, "given", code(`${file} ${digest.slice(0, 12)}`));
  if (step.data) term(list, "data", Object.entries(step.data).map(([name, value]) => `${name} ${value ?? "unknown"}`).join(", "));
  if (step.stale.length) term(list, "no longer as read", step.stale.join(", "));
  if (run) {
    const device = [run.device, run.machine, run.system].filter(Boolean).join(", ");
    term(list, "ran", `${seconds(run.seconds)}, ${run.peak_memory_mb} MB at most, on ${device}`);
    term(list, "versions", Object.entries(run.versions).map(([name, version]) => `${name} ${version}`).join(", "));
    term(list, "git", code(run.git));
  }
  return list;
}

/** What a receipt stands beside: its folder, or one file of it. */
const beside = (receipt) => (receipt.endsWith("/receipt.json") ? receipt.replace(/receipt\.json$/, "") : steps()[receipt].outputs[0].path);

function openPanel(title, receipt, through) {
  const receipts = behind(receipt, through), verbs = byVerb(receipts);
  byId("panel-title").textContent = title;
  byId("panel-about").textContent = verbs.length === 1 && verbs[0][0] === "tabulate"
    ? "No run is behind it: it was not run here, or is quoted from a source that the notes below its table name."
    : `${receipts.length} steps, ${seconds(total(receipts))} of computing, from the number back to the data.`;
  byId("chain").replaceChildren(...verbs.map(([verb, several]) => {
    const count = several.length > 1 ? ` × ${several.length}` : "";
    const kind = KINDS[verb] ?? verb[0].toUpperCase() + verb.slice(1);
    const item = element("li", {}, element("h3", {}, `${kind}${count} `, element("span", {}, `dcct ${verb}`)));
    for (const one of several.sort()) {
      const made = element("details", {}, element("summary", {}, `${beside(one)} `, element("small", {}, runs()[one] ? seconds(runs()[one].seconds) : "")));
      made.addEventListener("toggle", () => made.childElementCount === 1 && made.append(details(one)), { once: true });
      item.append(made);
    }
    return item;
  }));
  byId("chain").querySelector("details").open = true;
  byId("panel").showModal();
  byId("panel").scrollTop = 0;
}

const SHARE = /^(\d+\.\d)(?: ± \d+\.\d)?$/;
const INTERVAL = /^\[(\d+\.\d), (\d+\.\d)\]§?$/;

/** In the heading of a column of differences, whose zeros look like shares. */
const DIFFERENCE = /change|−/;

/** Draws a share's interval below it, where a cell says one. */
function drawInterval(cell) {
  const head = cell.closest("table").tHead.rows;
  if (DIFFERENCE.test(head[head.length - 1].cells[cell.cellIndex].textContent)) return;
  const value = SHARE.exec(cell.firstChild?.nodeValue ?? ""), span = INTERVAL.exec(cell.querySelector("small")?.textContent ?? "");
  if (!value || !span) return;
  cell.classList.add("sure");
  for (const [name, number] of [["--at", value[1]], ["--low", span[1]], ["--high", span[2]]]) cell.style.setProperty(name, number);
}

/** A table's printed rows stand for the rows of its CSV in order; where data sets stand side by side, for those of each set in turn. */
class Article {
  constructor(article) {
    this.article = article;
    this.name = article.dataset.name;
    this.rows = [...article.querySelectorAll("tbody tr")];
    this.rows.forEach((row) => [...row.cells].forEach((cell) => {
      cell.tabIndex = -1;
      drawInterval(cell);
    }));
    this.rows[0].cells[0].tabIndex = 0; // Tab comes here, arrows lead on, Enter is a click
    article.addEventListener("click", ({ target }) => target.closest("tbody") && this.explain(target.closest("td, th")));
    article.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const cell = event.target.closest("td, th");
    if (!cell?.closest("tbody")) return;
    const place = this.rows.indexOf(cell.parentElement), column = cell.cellIndex;
    const next = {
      ArrowLeft: cell.previousElementSibling, ArrowRight: cell.nextElementSibling,
      ArrowUp: this.rows[place - 1]?.cells[column], ArrowDown: this.rows[place + 1]?.cells[column],
    }[event.key];
    if (event.key === "Enter") this.explain(cell);
    if (!next) return;
    event.preventDefault();
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  explain(cell) {
    const row = cell.parentElement, head = cell.closest("table").tHead.rows, groups = [...head[0].cells].filter((one) => one.className === "group");
    let left = cell.cellIndex - (head[0].cells[0].colSpan || 1);
    const group = groups.findIndex((one) => (left -= one.colSpan) < 0);
    const words = [row.cells[0].firstChild, groups[group], head[head.length - 1].cells[cell.cellIndex], cell.cellIndex ? cell.firstChild : null];
    openPanel(words.map((one) => one?.textContent).filter(Boolean).join(" · "), this.article.dataset.receipt, this.behind(this.rows.indexOf(row), group));
  }

  /** Receipts behind a row, in one group of columns, or in all (-1). */
  behind(row, group) {
    const { receipts, rows } = facts(), all = rows[this.name], several = all.length / this.rows.length;
    if (!Number.isInteger(several)) return [];
    const chosen = group < 0 || several === 1 ? [...Array(several).keys()] : [group];
    return chosen.flatMap((one) => all[row + one * this.rows.length]).map((place) => receipts[place]);
  }
}

for (const article of document.querySelectorAll(".table")) if (article.querySelector("tbody tr")) new Article(article);

for (const figure of document.querySelectorAll("figure[data-receipt]")) {
  const name = figure.querySelector("img").alt;
  figure.querySelector(".how")?.addEventListener("click", () => openPanel(name, figure.dataset.receipt, []));
  figure.querySelector(".picture").addEventListener("click", () => {
    const small = figure.querySelector("img"), large = byId("large").querySelector("img");
    large.src = small.src;
    large.alt = name;
    large.classList.toggle("tall", small.naturalHeight > small.naturalWidth);
    byId("large").classList.toggle("turned", figure.querySelector(".picture").classList.contains("turned"));
    byId("large").showModal();
  });
}

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
}

// Data stand below this script: what needs them waits for the whole document.
document.addEventListener("DOMContentLoaded", () => {
  const distinct = (values) => [...new Set(values.filter(Boolean))].join(", ");
  byId("steps-by-verb").tBodies[0].append(...byVerb(Object.keys(steps())).map(([verb, several]) => {
    const records = several.map((receipt) => runs()[receipt]).filter(Boolean);
    const number = (text) => element("td", { class: "number" }, text);
    return element("tr", {},
      element("td", {}, KINDS[verb] ?? verb), number(String(several.length)), number(total(several).toLocaleString("en", { maximumFractionDigits: 1 })),
      number(String(Math.max(0, ...records.map((run) => run.peak_memory_mb)))), element("td", {}, distinct(records.map((run) => run.device))),
      element("td", {}, records.length ? code(records[0].command) : "the run record is gone"));
  }));
  const records = Object.values(runs()), versions = new Map();
  for (const run of records) for (const [name, version] of Object.entries(run.versions)) versions.set(name, [...(versions.get(name) ?? []), version]);
  const environment = [...versions].map(([name, several]) => [name, distinct(several)]);
  environment.push(["device", distinct(records.map((run) => run.device))], ["machine", distinct(records.map((run) => `${run.machine}, ${run.system}`))], ["git", distinct(records.map((run) => run.git))]);
  for (const [name, value] of environment) byId("environment").append(element("div", {}, element("dt", {}, name), element("dd", {}, value || "not recorded")));
});
