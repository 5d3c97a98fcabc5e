// What a search found: queries filtered and ordered in memory.
/** A rate as "1 in 2,500", rounded to two digits. */
const oneIn = (rate) => `1 in ${Number((1 / rate).toPrecision(2)).toLocaleString("en")}`;

class Found extends List {
  constructor(form) {
    super(form);
    Object.assign(this, block("found"));
    this.pictures = new Pictures("search", this.pictured, this.chunk);
    this.all = this.query.map((query, row) => {
      const [camera, key, frames] = this.tracklets[query];
      return { query, camera, key, frames, top: this.top[row], distance: this.distance[row].map((value) => value / this.scale) };
    });
    this.filter();
  }

  get first() {
    return this.form.elements.key;
  }

  filter() {
    const wanted = Object.fromEntries(new FormData(this.form)), text = wanted.key.trim().toLowerCase();
    const near = (one) => !wanted.most || (this.meaning(one.distance[0])?.[1] ?? 1) <= Number(wanted.most);
    const nearest = (one) => one.distance[0] ?? Infinity;
    this.found = this.all
      .filter((one) => one.key.toLowerCase().includes(text) && (!wanted.camera || one.camera === wanted.camera) && near(one))
      .sort((a, b) => (wanted.order === "key" ? 0 : nearest(a) - nearest(b)) || a.key.localeCompare(b.key, "en", { numeric: true }));
    byId("count").textContent = this.found.length
      ? `${this.found.length.toLocaleString("en")} of ${this.all.length.toLocaleString("en")} queries.` : "No query is like this: clear the filters.";
    this.refresh();
  }

  /** [distance, rate, low, high] of the nearest calibrated distance that is no smaller. */
  meaning(distance) {
    return this.points.find(([within]) => distance <= within);
  }

  /** False-match rate at a distance, in words. */
  words(distance) {
    if (!this.points.length) return "";
    const found = this.meaning(distance);
    return found ? `as close as ${oneIn(found[1])} false pairs` : "as close as more than 1 in 20 false pairs";
  }

  row(one) {
    const small = (text) => element("small", {}, text), [distance] = one.distance;
    return [
      this.pictures.sprite(one.query), element("span", { class: "key" }, small("query "), one.key),
      element("span", { class: "near" }, small(distance === undefined ? "nothing found" : "closest at "), distance === undefined ? "" : distance.toFixed(3)),
      element("span", { class: "rate" }, distance === undefined ? "" : this.words(distance)),
    ];
  }

  strip(one) {
    const person = (tracklet) => (this.people?.[tracklet] ? `person ${this.people[tracklet]}` : "");
    const tile = (tracklet, title, ...lines) => element("figure", { class: "tile" }, this.pictures.sprite(tracklet),
      element("figcaption", {}, element("b", {}, title), ...lines.filter(Boolean).flatMap((line) => [line, element("br")])));
    return [
      element("div", { class: "about" }, `${one.key}, ${one.frames} frames.`),
      tile(one.query, "query", one.key, person(one.query)),
      ...one.top.map((tracklet, rank) => {
        const [, key] = this.tracklets[tracklet], distance = one.distance[rank], found = this.meaning(distance);
        const rate = found ? [oneIn(found[1]), `(${oneIn(found[3])} to ${oneIn(Math.max(found[2], 1e-6)).slice(5)})`] : [this.points.length ? "> 1 in 20" : ""];
        return tile(tracklet, String(rank + 1), key, distance.toFixed(3), ...rate, person(tracklet));
      }),
    ];
  }
}

document.addEventListener("DOMContentLoaded", () => new Found(byId("filters")));
