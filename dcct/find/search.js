// What a search found: queries with their matches, filtered and ordered in memory; people that were linked.
const IN_A_ROW = 12; // matches: as many as a wide screen has room for
const counted = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;
/** A share as "1 in 2,500", rounded to two digits. */
const oneIn = (share) => `1 in ${Number((1 / share).toPrecision(2)).toLocaleString("en")}`;

class Found extends List {
  constructor(form) {
    super(form);
    Object.assign(this, block("found"));
    this.pictures = new Pictures("search", this.pictured, this.chunk);
    this.all = this.query.map((query, row) => {
      const [camera, key] = this.tracklets[query];
      const matches = this.top[row].map((tracklet, rank) => ({
        tracklet, distance: this.distance[row][rank] / this.scale, point: this.points[this.near[row][rank]], same: this.tracklets[tracklet][0] === camera,
      }));
      return { query, camera, key, matches, person: this.people?.[query] ?? this.people?.[matches[0]?.tracklet] };
    });
    this.theirs = Map.groupBy((this.people ?? []).keys(), (tracklet) => this.people[tracklet]);
    form.elements.person.append(...[...this.theirs.keys()].sort((a, b) => a - b)
      .map((one) => element("option", { value: one }, `${one} (${counted(this.theirs.get(one).length, "tracklet")})`)));
    byId("rankings").addEventListener("click", ({ target }) => target.matches(".who") && this.choose(target.value));
    byId("narrow").open = matchMedia("(min-width: 40rem)").matches;
    this.filter();
  }

  get first() {
    return this.form.elements.key;
  }

  key(event) {
    if (event.key === "/") byId("narrow").open = true; // nothing in it could have the focus
    super.key(event);
  }

  setPlaying(playing) {
    super.setPlaying(playing);
    byId("rankings").classList.toggle("playing", playing);
  }

  filter() {
    const wanted = Object.fromEntries(new FormData(this.form)), text = wanted.key.trim().toLowerCase();
    const near = (one) => !wanted.most || one.matches[0]?.point?.[0] <= Number(wanted.most);
    const closest = (one) => one.matches[0]?.distance ?? Infinity;
    const byName = (a, b) => a.key.localeCompare(b.key, "en", { numeric: true });
    this.found = this.all
      .filter((one) => one.key.toLowerCase().includes(text) && (!wanted.camera || one.camera === wanted.camera) && near(one)
        && (!wanted.person || one.person === Number(wanted.person)))
      .sort((a, b) => (wanted.order === "key" ? 0 : closest(a) - closest(b) || 0) || byName(a, b));
    byId("count").textContent = this.found.length
      ? `${this.found.length.toLocaleString("en")} of ${this.all.length.toLocaleString("en")} ${this.all.length === 1 ? "query" : "queries"}.`
      : "No query is like this: clear the filters.";
    this.gather(Number(wanted.person));
    this.refresh();
  }

  /** Shows one person alone. */
  choose(person) {
    this.form.reset();
    this.form.elements.person.value = person;
    this.filter();
    byId("person").scrollIntoView();
    byId("person").focus({ preventScroll: true });
  }

  /** All tracklets of the person that is chosen, as each camera saw them one after the other. */
  gather(person) {
    const place = byId("person"), theirs = this.theirs.get(person) ?? [];
    const order = (a, b) => a[0].localeCompare(b[0], "en", { numeric: true }) || (a[3] ?? 0) - (b[3] ?? 0);
    const sorted = [...theirs].sort((a, b) => order(this.tracklets[a], this.tracklets[b]));
    const cameras = new Set(theirs.map((one) => this.tracklets[one][0]));
    place.hidden = !person;
    place.replaceChildren(
      element("h2", {}, `Person ${person}: ${counted(theirs.length, "tracklet")}, ${counted(cameras.size, "camera")}`),
      element("div", { class: "strip" }, ...sorted.slice(0, SOME).map((one) => this.tile(one))),
      theirs.length > SOME ? `The first ${SOME} of them.` : "",
    );
  }

  /** When a tracklet was seen, where that is known. */
  seen(tracklet) {
    const [, , frames, first, last] = this.tracklets[tracklet];
    return first === undefined ? counted(frames, "frame") : `frames ${first.toLocaleString("en")}–${last.toLocaleString("en")}`;
  }

  /** How many pairs of different people are as close, or what is known instead. */
  words({ point, distance }) {
    if (!this.points.length) return distance.toFixed(3);
    return point ? oneIn(point[0]) : `> ${oneIn(this.most)}`;
  }

  row(one) {
    const span = (name, ...inside) => element("span", { class: name }, ...inside);
    const person = this.people?.[one.query];
    return [
      span("key", element("b", {}, one.key), element("small", {}, this.seen(one.query)), person ? element("small", {}, `person ${person}`) : ""),
      this.pictures.sprite(one.query),
      span("best", ...one.matches.slice(0, IN_A_ROW).map((match) => span(match.same ? "near same" : "near", this.pictures.sprite(match.tracklet),
        element("b", {}, this.words(match)), element("small", {}, match.same ? "same camera" : this.tracklets[match.tracklet][0])))),
      one.matches.length ? "" : element("small", {}, "nothing to compare with"),
    ];
  }

  strip(one) {
    return [
      this.tile(one.query, "query"),
      ...one.matches.map((match, rank) => this.tile(match.tracklet, String(rank + 1), this.about(match), match.same)),
    ];
  }

  /** Lines on a match: its false pairs with the interval, where they are known, and its distance. */
  about(match) {
    const { distance, point, same } = match;
    const interval = point && `(${oneIn(point[2])} to ${point[1] ? oneIn(point[1]).slice(5) : "rarer"})`;
    return [same && "same camera", this.points.length && this.words(match), interval, `distance ${distance.toFixed(3)}`];
  }

  /** A tracklet's picture, with its name, when it was seen, further lines, and whom it was linked to. */
  tile(tracklet, title, lines = [], same = false) {
    const said = [this.tracklets[tracklet][1], this.seen(tracklet), ...lines].filter(Boolean), person = title && this.people?.[tracklet];
    return element("figure", { class: same ? "tile same" : "tile" }, this.pictures.sprite(tracklet), element("figcaption", {},
      title ? element("b", {}, title) : "", ...said.map((line) => element("span", {}, line)),
      person ? element("button", { type: "button", class: "who", value: person }, `person ${person}`) : ""));
  }
}

document.addEventListener("DOMContentLoaded", () => new Found(byId("filters")));
