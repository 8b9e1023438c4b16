// The chips of pages/widgets/word_order.py. Streamlit calls the default function when the component appears and again
// whenever Python's data change, always with the same parent while it stays on the page; what a person did in between
// is kept here, by parent. Words reach the page as text nodes and attributes only.

const HOLD = 250; // ms a finger rests on a word before it drags up or down; until then the page scrolls
const SLACK = 5; // px a pointer may tremble before a press becomes a drag
const REPEAT = 150; // ms without a key before a run of key presses is sent
const PIN = "M5 1h6v1.2l-1 .8v4l2 2v1H8.6v5H7.4v-5H4V9l2-2V3l-1-.8z";

const boards = new WeakMap();

export default function ({ parentElement, data, setStateValue }) {
  let board = boards.get(parentElement);
  if (!board) {
    board = new Board(parentElement);
    boards.set(parentElement, board);
  }
  board.update(data, setStateValue);
  return () => board.leave();
}

class Board {
  constructor(parent) {
    this.row = parent.querySelector(".row");
    this.hint = parent.querySelector(".hint");
    this.marker = parent.querySelector(".marker");
    this.button = parent.querySelector(".reset");
    this.status = parent.querySelector(".status");
    this.key = null; // of the words on show
    this.drag = null;
    this.timer = 0;
    this.row.addEventListener("keydown", (event) => this.onKey(event));
    this.row.addEventListener("focusin", (event) => this.choose(this.chips.indexOf(event.target)));
    this.row.addEventListener("pointerdown", (event) => this.onPress(event));
    this.row.addEventListener("pointermove", (event) => this.onMove(event));
    this.row.addEventListener("pointerup", () => this.drop(true));
    this.row.addEventListener("pointercancel", () => this.drop(false));
    this.row.addEventListener("lostpointercapture", (event) => event.target === this.row && this.drop(false));
    this.row.addEventListener("contextmenu", (event) => this.drag?.touch && event.preventDefault());
    // Only this keeps the page from scrolling away under a finger that holds a word.
    this.row.addEventListener("touchmove", (event) => this.drag?.on && event.preventDefault(), { passive: false });
    this.button.addEventListener("click", () => this.reset());
  }

  update(data, send) {
    this.send = send;
    this.labels = data.labels;
    this.hint.textContent = this.labels.hint;
    this.button.textContent = this.labels.reset;
    this.row.setAttribute("aria-label", this.labels.list);
    if (this.key === data.key) return; // the order on show is newer than the one Python answers to
    this.drop(false);
    clearTimeout(this.timer);
    this.key = data.key;
    this.words = data.words;
    this.pinned = new Set(data.pinned);
    this.order = [...data.order];
    this.status.textContent = "";
    this.chips = this.words.map((word, place) => this.chip(word, this.pinned.has(place), data.unknown.includes(place)));
    this.row.replaceChildren(...this.chips, this.marker);
    this.hint.hidden = this.button.hidden = this.slots().length < 2; // nothing can change places
    this.choose(this.order[0]);
    this.arrange();
  }

  leave() {
    this.drop(false);
    clearTimeout(this.timer);
  }

  chip(word, pinned, unknown) {
    const chip = document.createElement("div");
    chip.className = pinned ? "chip pinned" : "chip";
    chip.setAttribute("role", "option");
    const text = document.createElement("span");
    text.dir = "auto";
    text.textContent = word;
    if (word.length > 30) chip.title = word; // it may be cut short
    if (pinned) {
      chip.setAttribute("aria-disabled", "true");
      chip.setAttribute("aria-label", fill(this.labels.pinned, { word }));
      chip.append(pin());
    } else {
      chip.setAttribute("aria-label", word);
    }
    chip.append(text);
    if (unknown) {
      chip.classList.add("unknown");
      chip.title = this.labels.unknown;
    }
    return chip;
  }

  /** The places whose words may move, in reading order. */
  slots() {
    return this.order.map((_, place) => place).filter((place) => !this.pinned.has(place));
  }

  /** The movable words, in the order on show. */
  movable() {
    return this.slots().map((place) => this.order[place]);
  }

  /** Bring the chips into order without touching the one in focus, which would lose the focus. */
  arrange() {
    const chips = this.order.map((word) => this.chips[word]);
    const fixed = chips.indexOf(this.row.getRootNode().activeElement);
    if (fixed < 0) {
      chips.forEach((chip) => this.row.insertBefore(chip, this.marker));
    } else {
      chips.slice(0, fixed).forEach((chip) => this.row.insertBefore(chip, chips[fixed]));
      chips.slice(fixed + 1).forEach((chip) => this.row.insertBefore(chip, this.marker));
    }
    // The button keeps its place, so that nothing below jumps when it appears.
    this.button.classList.toggle("idle", this.order.every((word, place) => word === place));
  }

  /** One stop for the Tab key: the word that had the focus last. */
  choose(word) {
    this.chips.forEach((chip, other) => {
      chip.tabIndex = other === word ? 0 : -1;
      chip.setAttribute("aria-selected", String(other === word));
    });
  }

  /** Take a word out and put it back as number `to` of the movable ones; the pinned stay where they are. */
  move(word, to) {
    const rest = this.movable().filter((other) => other !== word);
    const target = Math.max(0, Math.min(to, rest.length));
    const changed = this.movable()[target] !== word;
    rest.splice(target, 0, word);
    this.slots().forEach((place, number) => (this.order[place] = rest[number]));
    this.arrange();
    this.say(this.labels.moved, word);
    return changed;
  }

  say(label, word) {
    const place = this.order.indexOf(word) + 1;
    this.status.textContent = fill(label, { word: this.words[word], place, count: this.order.length });
  }

  report(delay) {
    clearTimeout(this.timer);
    const moved = { key: this.key, order: [...this.order] };
    this.timer = setTimeout(() => this.send("moved", moved), delay);
  }

  reset() {
    this.drop(false);
    this.order = this.words.map((_, place) => place);
    this.chips[this.order[0]].focus(); // the button goes, the focus must not go with it
    this.arrange();
    this.status.textContent = this.labels.restored;
    this.report(0);
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const word = this.chips.indexOf(event.target);
    const key = event.key;
    if (key === "Escape" && this.drag) {
      this.drop(false);
    } else if (word < 0 || this.drag?.on) {
      return;
    } else if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(key)) {
      return;
    } else if (event.shiftKey) {
      const at = this.movable().indexOf(word);
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: Infinity }[key];
      if (at < 0) this.say(this.labels.pinned, word);
      else if (this.move(word, to)) this.report(REPEAT);
    } else {
      const at = this.order.indexOf(word);
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: this.order.length - 1 }[key];
      this.chips[this.order[to]]?.focus();
    }
    event.preventDefault();
  }

  onPress(event) {
    const word = this.chips.findIndex((chip) => chip.contains(event.target));
    if (word < 0 || this.pinned.has(word) || event.button !== 0 || !event.isPrimary) return;
    const touch = event.pointerType === "touch";
    this.drag = { word, touch, x: event.clientX, y: event.clientY, id: event.pointerId, on: false, to: null };
    if (touch) this.drag.timer = setTimeout(() => this.lift(), HOLD);
  }

  lift() {
    this.drag.on = true;
    this.row.setPointerCapture(this.drag.id);
    this.row.classList.add("dragging");
    this.chips[this.drag.word].classList.add("lifted");
  }

  onMove(event) {
    const drag = this.drag;
    if (!drag || event.pointerId !== drag.id) return;
    if (!event.buttons) return this.drop(false); // let go where nobody told us
    const [right, down] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.on && Math.hypot(right, down) > SLACK) {
      if (drag.touch && Math.abs(down) > Math.abs(right)) return this.drop(false); // the page scrolls
      this.lift();
    }
    if (!drag.on) return;
    this.chips[drag.word].style.transform = `translate(${right}px, ${down}px)`;
    this.aim(event.clientX, event.clientY);
  }

  /** Mark the gap nearest to the pointer: before or after the nearest movable chip. */
  aim(x, y) {
    const rest = this.movable().filter((word) => word !== this.drag.word);
    const boxes = rest.map((word) => this.chips[word].getBoundingClientRect());
    const away = (box) =>
      Math.max(box.left - x, 0, x - box.right) + 4 * Math.max(box.top - y, 0, y - box.bottom); // the line counts most
    const near = boxes.reduce((best, box, number) => (away(box) < away(boxes[best]) ? number : best), 0);
    if (!rest.length) return;
    const after = x > (boxes[near].left + boxes[near].right) / 2;
    this.drag.to = near + (after ? 1 : 0);
    const same = this.movable()[this.drag.to] === this.drag.word;
    const row = this.row.getBoundingClientRect();
    this.marker.hidden = same;
    this.marker.style.left = `${(after ? boxes[near].right + 2 : boxes[near].left - 5) - row.left}px`;
    this.marker.style.top = `${boxes[near].top - row.top}px`;
    this.marker.style.height = `${boxes[near].height}px`;
  }

  /** End a press or drag; `keep` tells whether the word goes where the marker stands. */
  drop(keep) {
    const drag = this.drag;
    if (!drag) return;
    this.drag = null; // first: giving the capture back ends up here again
    clearTimeout(drag.timer);
    const chip = this.chips[drag.word];
    chip.classList.remove("lifted");
    chip.style.transform = "";
    this.row.classList.remove("dragging");
    this.marker.hidden = true;
    if (this.row.hasPointerCapture(drag.id)) this.row.releasePointerCapture(drag.id);
    if (!keep || !drag.on || drag.to === null) return;
    chip.focus({ preventScroll: true });
    if (this.move(drag.word, drag.to)) this.report(0);
  }
}

/** Fill {names} in one pass, so that a word with braces in it stays a word. */
function fill(label, values) {
  return label.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

function pin() {
  const space = "http://www.w3.org/2000/svg";
  const glyph = document.createElementNS(space, "svg");
  glyph.setAttribute("viewBox", "0 0 16 16");
  glyph.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PIN);
  glyph.append(path);
  return glyph;
}
