// Queries: filtered and ordered in memory, shown some at a time; pictures are read when they are first seen.
const RIGHT = "✓", WRONG = "✗";

/** One data set's tracklets, rankings and pictures. */
class DataSet {
  constructor(name) {
    this.name = name;
    Object.assign(this, block(`queries-${name}`));
    this.pictures = new Pictures(name, this.pictured, this.chunk);
    this.rankings = {};
  }

  /** The queries of a variant: {query, ap in %, first, top, distance, marks}. */
  queries(variant) {
    return (this.rankings[variant] ??= this.read(block(`ranking-${this.name}-${variant}`)));
  }

  read(columns) {
    return columns.query.map((query, row) => {
      const [pid, camera] = this.tracklets[query];
      const top = columns.top[row], marks = top.map((one) => this.tracklets[one][0] === pid);
      const distance = columns.distance[row].map((value) => value / this.scale);
      return { query, pid, camera, ap: (100 * columns.ap[row]) / this.scale, first: columns.first[row], top, distance, marks };
    });
  }

  sprite(tracklet) {
    return this.pictures.sprite(tracklet);
  }
}

class Queries extends List {
  constructor(form) {
    super(form);
    this.sets = new Map();
    this.chooseSet();
  }

  get first() {
    return this.form.elements.identity;
  }

  get set() {
    const name = this.form.elements.set.value;
    if (!this.sets.has(name)) this.sets.set(name, new DataSet(name));
    return this.sets.get(name);
  }

  get variant() {
    return this.set.variants.find((one) => one.name === this.form.elements.variant.value);
  }

  chooseSet() {
    const { set, form } = this, option = (value, text) => element("option", { value }, text);
    form.elements.variant.replaceChildren(...set.variants.map(({ name, title }) => option(name, title)));
    form.elements.variant.value = set.first;
    const cameras = new Set(set.queries(set.first).map(({ camera }) => camera));
    form.elements.camera.replaceChildren(option("", "all"), ...[...cameras].sort((a, b) => a - b).map((one) => option(one, one + 1)));
    this.filter();
  }

  changed(control) {
    if (control.name === "set") this.chooseSet();
    else this.filter();
  }

  cleared() {
    this.chooseSet();
  }

  filter() {
    const wanted = Object.fromEntries(new FormData(this.form)), { set, variant } = this;
    const identity = wanted.identity.trim().replace(/^0+(?=\d)/, "");
    const all = set.queries(variant.name);
    const within = ({ ap }) => ap >= Number(wanted.low || 0) && ap <= Number(wanted.high || 100);
    const rest = all.filter((one) =>
      String(one.pid).startsWith(identity) && (wanted.camera === "" || one.camera === Number(wanted.camera)) &&
      { "": true, right: one.marks[0], wrong: !one.marks[0], none: !one.marks.includes(true) }[wanted.result]);
    this.found = rest.filter(within).sort({
      worst: (a, b) => a.ap - b.ap, best: (a, b) => b.ap - a.ap, identity: (a, b) => a.pid - b.pid || a.query - b.query,
      camera: (a, b) => a.camera - b.camera || a.pid - b.pid,
    }[wanted.order]);
    this.draw(rest, within);
    this.say(all);
    this.refresh();
  }

  /** How many queries have which AP, those in range in colour. */
  draw(rest, within) {
    const bins = Array.from({ length: 25 }, () => []);
    for (const one of rest) bins[Math.min(24, Math.floor(one.ap / 4))].push(one);
    const most = Math.max(1, ...bins.map((bin) => bin.length));
    byId("histogram").replaceChildren(...bins.map((bin, place) => element("i", {
      class: bin.some(within) ? "in" : "", style: `height:${(100 * bin.length) / most}%`, title: `AP ${4 * place} to ${4 * place + 4}: ${bin.length} queries`,
    })));
    byId("most").textContent = `queries by AP, in steps of 4; highest bar: ${most.toLocaleString("en")}`;
    byId("histogram").setAttribute("aria-label", "How many queries have which average precision, from 0 on the left to 100 on the right");
  }

  say(all) {
    const { set, variant, found } = this, mean = found.reduce((sum, { ap }) => sum + ap, 0) / (found.length || 1);
    const right = found.filter(({ marks }) => marks[0]).length;
    const split = set.split === null ? "" : `, split ${set.split}`;
    byId("count").textContent = found.length
      ? `${found.length.toLocaleString("en")} of ${all.length.toLocaleString("en")} queries: mean AP ${mean.toFixed(1)}, ${right.toLocaleString("en")} right at rank 1. ${variant.title}, features “${variant.feature}”, clips “${variant.sampler}”, seed ${variant.seed}${split}.`
      : "No query is like this: clear the filters.";
    const unseen = Object.keys(set.tracklets).length - set.pictured.length;
    byId("unpictured").hidden = !unseen;
    byId("unpictured").textContent = set.pictured.length
      ? `Pictures of ${set.pictured.length.toLocaleString("en")} tracklets are in this file, of ${unseen.toLocaleString("en")} they are not: it would grow too big. They are taken query by query, evenly over AP.`
      : "This file holds no pictures of this data set: its people are real.";
    byId("unrun").hidden = !set.missing.length;
    byId("unrun").textContent = `Not run: ${set.missing.join(", ")}.`;
  }

  row(one) {
    const marks = element("span", { class: "marks", role: "img", "aria-label": `${one.marks.filter(Boolean).length} of the first ${one.marks.length} are right` });
    marks.append(...one.marks.map((right) => element("i", { class: right ? "right" : "wrong" }, right ? RIGHT : WRONG)));
    const small = (text) => element("small", {}, text);
    return [
      this.set.sprite(one.query), element("span", { class: "ap", style: `--ap:${one.ap}` }, small("AP "), element("b", {}, one.ap.toFixed(1))), marks,
      element("span", { class: "who" }, small("identity "), String(one.pid)), element("span", { class: "where" }, small("camera "), String(one.camera + 1)),
      element("span", { class: "first" }, small("first match at "), String(one.first)),
    ];
  }

  strip(one) {
    const { set } = this;
    const place = (tracklet) => `${set.tracklets[tracklet][0] ? `id ${set.tracklets[tracklet][0]}` : "distractor"}, cam ${set.tracklets[tracklet][1] + 1}`;
    const how = element("button", { type: "button", class: "how" }, "How it was made");
    const variant = this.variant;
    how.addEventListener("click", () => openPanel(`${variant.title} · query ${one.query}`, variant.receipt, []));
    const strip = [
      element("div", { class: "about" }, `Query tracklet ${one.query}, ${set.tracklets[one.query][2]} frames: AP ${one.ap.toFixed(1)}, first match at rank ${one.first}.`, how),
      element("figure", { class: "tile" }, set.sprite(one.query), element("figcaption", {}, element("b", {}, "query"), place(one.query))),
    ];
    one.top.forEach((tracklet, rank) => {
      const right = one.marks[rank];
      strip.push(element("figure", { class: `tile ${right ? "right" : "wrong"}` }, set.sprite(tracklet), element("figcaption", {},
        element("b", {}, `${right ? RIGHT : WRONG} ${rank + 1}`), place(tracklet), element("br"), one.distance[rank].toFixed(3))));
    });
    return strip;
  }
}

document.addEventListener("DOMContentLoaded", () => byId("filters") && new Queries(byId("filters")));
