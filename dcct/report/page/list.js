// A list of what was searched for: shown some at a time, moved through by keys, each opened to a strip of what was found.
const SOME = 60;

/** Sprites of tracklets, which stand in blocks of the page. */
class Pictures {
  constructor(name, pictured, chunk) {
    Object.assign(this, { name, chunk, chunks: [], place: new Map(pictured.map((tracklet, place) => [tracklet, place])) });
  }

  /** The data URI of a tracklet's sprite; none where the page has no picture of it. */
  uri(tracklet) {
    const place = this.place.get(tracklet);
    if (place === undefined) return "";
    const number = Math.floor(place / this.chunk);
    this.chunks[number] ??= byId(`pictures-${this.name}-${number}`).textContent.split("\n");
    return `data:image/webp;base64,${this.chunks[number][place % this.chunk]}`;
  }

  sprite(tracklet) {
    const picture = this.uri(tracklet), made = element("span", { class: picture ? "sprite" : "sprite none" });
    if (picture) made.style.backgroundImage = `url(${picture})`;
    else made.append("no picture");
    return made;
  }
}

/** Subclasses say what is found (`filter`), how one looks (`row`), what is in its strip (`strip`), and where keys begin (`first`). */
class List {
  constructor(form) {
    this.form = form;
    this.list = byId("queries");
    this.setPlaying(!matchMedia("(prefers-reduced-motion: reduce)").matches);
    form.addEventListener("input", ({ target }) => this.changed(target));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => this.cleared()));
    byId("play").addEventListener("click", () => this.setPlaying(!this.playing));
    this.list.addEventListener("click", ({ target }) => target.closest(".query") && this.toggle(target.closest("li")));
    new IntersectionObserver(([seen]) => seen.isIntersecting && this.showMore(), { rootMargin: "600px" }).observe(byId("more"));
    document.addEventListener("keydown", (event) => this.key(event));
  }

  changed() {
    this.filter();
  }

  cleared() {
    this.filter();
  }

  /** Shows `found` from the start; what was open stays so. */
  refresh() {
    const open = this.list.querySelector(".strip")?.parentElement.query?.query;
    this.list.replaceChildren();
    this.showMore();
    const again = [...this.list.children].find((item) => item.query.query === open);
    if (again) this.toggle(again);
  }

  showMore() {
    const start = this.list.childElementCount;
    this.list.append(...this.found.slice(start, start + SOME).map((one) => this.item(one)));
  }

  item(one) {
    const button = element("button", { type: "button", class: "query", "aria-expanded": "false" }, ...this.row(one));
    const item = element("li", {}, button);
    item.query = one;
    return item;
  }

  toggle(item) {
    const open = this.list.querySelector(".strip");
    if (open) {
      const was = open.parentElement;
      open.remove();
      was.firstElementChild.setAttribute("aria-expanded", "false");
      if (was === item) return;
    }
    item.append(element("div", { class: "strip" }, ...this.strip(item.query)));
    item.firstElementChild.setAttribute("aria-expanded", "true");
  }

  setPlaying(playing) {
    this.playing = playing;
    this.list.classList.toggle("playing", playing);
    byId("play").setAttribute("aria-pressed", String(playing));
    byId("play").textContent = playing ? "❚❚ Pause" : "▶ Play";
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const { target } = event, typing = target.matches("input, select, textarea");
    if (event.key === "/" && !typing) {
      this.form.scrollIntoView();
      this.first.focus();
    } else if (event.key === "Escape" && this.list.querySelector(".strip")) {
      const item = this.list.querySelector(".strip").parentElement;
      this.toggle(item);
      item.firstElementChild.focus();
    } else if (event.key === " " && (target.matches(".query") || target === document.body)) {
      this.setPlaying(!this.playing);
    } else if (["ArrowDown", "ArrowUp"].includes(event.key) && (this.list.contains(target) || target === this.first)) {
      this.move(target.closest("li"), event.key === "ArrowDown");
    } else return;
    event.preventDefault();
  }

  move(item, down) {
    if (down && item && !item.nextElementSibling) this.showMore();
    const next = item ? (down ? item.nextElementSibling : item.previousElementSibling) : this.list.firstElementChild;
    next?.firstElementChild.focus();
    next?.scrollIntoView({ block: "nearest" });
  }
}
