// Long tables: sorted, filtered and shown a page at a time. Text is only ever set as text.

const SIZES = [25, 100, 500];
const FEW = 10; // rows that one sees at a glance

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function grouped(plain) {
  const [whole, fraction] = plain.replace("-", "").split(".");
  const sign = plain.startsWith("-") ? "\u2212" : "";
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction === undefined ? "" : `.${fraction}`);
}

class LongTable {
  constructor(holder, told) {
    this.told = told;
    this.columns = told.columns.map(([label, kind, pick]) => ({ label, kind, pick }));
    this.words = told.rows.map((row) => row.map((cell, place) =>
      (this.columns[place].kind === "amount" && cell ? `${cell}\n${grouped(cell)}` : cell)).join("\n").toLowerCase());
    this.keys = new Map();
    this.sorted = { place: null, descending: false };
    this.text = "";
    this.picked = new Map();
    this.page = 0;
    this.size = SIZES[0];
    this.build(holder);
    this.find();
  }

  build(holder) {
    this.body = element("tbody");
    this.status = element("span", { role: "status" });
    this.heads = this.columns.map((column, place) => {
      const button = element("button", { type: "button" }, column.label);
      button.addEventListener("click", () => this.sort(place));
      return element("th", { scope: "col", "aria-sort": "none", class: column.kind === "amount" ? "number" : "" }, button);
    });
    const table = element("table", {}, element("caption", {}, element("span", {}, this.told.caption)),
      element("thead", {}, element("tr", {}, ...this.heads)), this.body);
    const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": this.told.caption }, table);
    const pager = this.pager();
    if (this.told.rows.length > FEW) holder.append(this.filters());
    holder.append(scroll);
    if (this.told.rows.length > FEW) holder.append(pager);
  }

  filters() {
    const box = element("div", { class: "controls" });
    const search = element("input", { type: "search", placeholder: "any text in a row", autocomplete: "off" });
    search.addEventListener("input", () => { this.text = search.value.trim().toLowerCase(); this.find(); });
    box.append(element("label", { class: "grow" }, "Filter", search));
    this.columns.forEach((column, place) => {
      if (!column.pick) return;
      const values = [...new Set(this.told.rows.map((row) => row[place]))].filter((value) => value !== "").sort();
      if (values.length < 2 || values.length > 200) return;
      const select = element("select", {}, element("option", { value: "" }, "all"));
      values.forEach((value, number) => select.append(element("option", { value: String(number + 1) }, value)));
      select.addEventListener("change", () => {
        if (select.value) this.picked.set(place, values[Number(select.value) - 1]); else this.picked.delete(place);
        this.find();
      });
      box.append(element("label", {}, column.label, select));
    });
    return box;
  }

  pager() {
    const size = element("select", { "aria-label": "Rows on a page" },
      ...SIZES.map((each) => element("option", { value: String(each) }, `${each} rows`)));
    size.addEventListener("change", () => { this.size = Number(size.value); this.page = 0; this.show(); });
    const step = (label, by) => {
      const button = element("button", { type: "button" }, label);
      button.addEventListener("click", () => { this.page += by; this.show(); });
      return button;
    };
    this.back = step("Previous", -1);
    this.forth = step("Next", 1);
    return element("div", { class: "pager" }, this.back, this.forth, size, this.status);
  }

  key(place) {
    if (!this.keys.has(place)) {
      const amount = this.columns[place].kind === "amount";
      this.keys.set(place, this.told.rows.map((row) => (row[place] === "" ? null : amount ? Number(row[place]) : row[place])));
    }
    return this.keys.get(place);
  }

  // A first press sorts upwards, a second downwards, a third brings the journal's own order back.
  sort(place) {
    if (this.sorted.place !== place) this.sorted = { place, descending: false };
    else if (!this.sorted.descending) this.sorted = { place, descending: true };
    else this.sorted = { place: null, descending: false };
    this.heads.forEach((head, number) => {
      const word = this.sorted.descending ? "descending" : "ascending";
      head.setAttribute("aria-sort", number === this.sorted.place ? word : "none");
    });
    this.find();
  }

  find() {
    const picked = [...this.picked];
    const found = [];
    this.told.rows.forEach((row, number) => {
      if (this.text && !this.words[number].includes(this.text)) return;
      if (picked.every(([place, value]) => row[place] === value)) found.push(number);
    });
    if (this.sorted.place !== null) {
      const key = this.key(this.sorted.place);
      const sign = this.sorted.descending ? -1 : 1;
      found.sort((one, other) => {
        const [a, b] = [key[one], key[other]];
        if (a === null || b === null) return (a === null) - (b === null) || one - other;
        return (a < b ? -sign : a > b ? sign : 0) || one - other;
      });
    }
    this.found = found;
    this.page = 0;
    this.show();
  }

  show() {
    const first = this.page * this.size;
    const shown = this.found.slice(first, first + this.size);
    this.body.replaceChildren(...shown.map((number) => element("tr", {}, ...this.told.rows[number].map((cell, place) => {
      const { kind, pick } = this.columns[place];
      const marks = { amount: "number", id: "id", time: "time" }[kind] || (pick ? "text brief" : "text");
      return element("td", { class: marks }, kind === "amount" && cell ? grouped(cell) : cell);
    }))));
    const count = (value) => value.toLocaleString("en");
    const of = this.found.length < this.told.rows.length ? `${count(this.found.length)} found of ${count(this.told.rows.length)}`
      : count(this.found.length);
    this.status.textContent = shown.length ? `Rows ${count(first + 1)} to ${count(first + shown.length)} of ${of}` : "No row fits.";
    this.back.disabled = first === 0;
    this.forth.disabled = first + this.size >= this.found.length;
  }
}
