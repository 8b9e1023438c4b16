// The words of pages/widgets/text_strip.py. They reach the page as text nodes and attributes only. A chart is found by
// the class that Streamlit gives to its key; its steps are pointed at through the pointer events that Plotly listens to.

const PACE = 700; // ms a word is pointed at while the row plays
const strips = new WeakMap();

export default function ({ parentElement, data, setStateValue }) {
  let strip = strips.get(parentElement);
  if (!strip) strips.set(parentElement, (strip = new Strip(parentElement)));
  strip.update(data, setStateValue);
  return () => strip.leave();
}

class Strip {
  constructor(parent) {
    this.row = parent.querySelector(".row");
    this.button = parent.querySelector(".play");
    this.button.addEventListener("click", () => (this.timer ? this.stop() : this.play()));
    this.onHover = (event) => this.mark(event.points[0].x - 1);
    this.onLeave = () => this.mark(-1);
  }

  update(data, send) {
    const anew = this.data?.key !== data.key;
    const others = this.data?.words.join(" ") !== data.words.join(" ");
    if (anew) this.stop();
    this.data = data;
    this.send = send;
    this.row.setAttribute("aria-label", data.labels.list);
    const focused = this.chips?.indexOf(this.row.getRootNode().activeElement) ?? -1;
    this.chips = data.words.map((word, position) => this.chip(word, position));
    this.row.replaceChildren(...this.chips, ...(data.more ? [text("small", data.more)] : []), this.button);
    if (focused >= 0 && !others) this.chips[focused]?.focus();
    this.button.hidden = !data.chart || data.words.length < 2;
    this.button.textContent = this.timer ? data.labels.stop : data.labels.play;
  }

  leave() {
    this.stop();
    this.listen(null);
  }

  chip(word, position) {
    const look = this.data.looks[position] ?? {};
    const known = this.data.known[position] ?? true;
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = known ? "chip" : "chip unknown";
    chip.style.background = look.ground || "";
    chip.setAttribute("aria-pressed", String(position === this.data.chosen));
    const said = [known ? "" : this.data.labels.unknown, look.hint, ...(look.marks ?? []).map((mark) => mark[1])];
    chip.title = said.filter(Boolean).join("\n");
    const shown = text("span", word);
    shown.dir = "auto";
    chip.append(shown);
    if (look.below) chip.append(text("small", look.below));
    if (look.marks?.length) {
      const marks = document.createElement("i");
      marks.append(
        ...look.marks.map(([colour]) => {
          const mark = document.createElement("b");
          mark.style.background = colour;
          return mark;
        }),
      );
      chip.append(marks);
    }
    chip.addEventListener("click", () => this.pick(position));
    chip.addEventListener("pointerenter", () => this.point(position));
    chip.addEventListener("pointerleave", () => this.point(-1));
    chip.addEventListener("focus", () => this.point(position));
    chip.addEventListener("blur", () => this.point(-1));
    chip.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) this.chips[position + step]?.focus();
    });
    return chip;
  }

  pick(position) {
    this.stop();
    const again = this.data.chosen === position;
    this.send("picked", { key: this.data.key, position: again ? null : position });
  }

  mark(position) {
    this.chips.forEach((chip, other) => chip.classList.toggle("pointed", other === position));
  }

  /** Let the chart say what it says of a word's step; -1 for none. */
  point(position) {
    this.mark(position);
    const plot = this.plot();
    const layer = plot?.querySelector(".nsewdrag");
    if (!layer) return;
    if (position < 0) return void layer.dispatchEvent(new MouseEvent("mouseout", { bubbles: true }));
    const box = layer.getBoundingClientRect();
    const x = box.left + plot._fullLayout.xaxis.l2p(position + 1);
    if (x < box.left || x > box.right) return;
    layer.dispatchEvent(new MouseEvent("mousemove", { clientX: x, clientY: box.top + box.height / 2, bubbles: true }));
  }

  plot() {
    const plot = this.data.chart && document.querySelector(`.st-key-${CSS.escape(this.data.chart)} .js-plotly-plot`);
    this.listen(plot || null);
    return plot;
  }

  listen(plot) {
    if (plot === this.heard) return;
    this.heard?.removeListener?.("plotly_hover", this.onHover);
    this.heard?.removeListener?.("plotly_unhover", this.onLeave);
    this.heard = plot;
    plot?.on?.("plotly_hover", this.onHover);
    plot?.on?.("plotly_unhover", this.onLeave);
  }

  play() {
    let position = -1;
    const step = () => (++position < this.chips.length ? this.point(position) : this.stop());
    this.timer = setInterval(step, PACE);
    this.button.textContent = this.data.labels.stop;
    step();
  }

  stop() {
    clearInterval(this.timer);
    if (!this.timer) return;
    this.timer = 0;
    this.point(-1);
    this.button.textContent = this.data.labels.play;
  }
}

function text(kind, words) {
  const element = document.createElement(kind);
  element.textContent = words;
  return element;
}
