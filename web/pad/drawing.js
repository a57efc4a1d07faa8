/** What is on the sheet: a picture at most, and strokes over it. Every step can be taken back. */

const BLANK = { picture: null, strokes: [] };

/** Points are [x, y] on the sheet; a picture is whatever it is. */
export function createDrawing() {
  let states = [BLANK];
  let open = null; // the stroke that the pen is on
  const top = () => states.at(-1);
  const go = (changes) => {
    states = [...states, { ...top(), ...changes }];
    open = null;
  };
  return {
    get picture() { return top().picture; },
    get strokes() { return top().strokes; },
    get isBlank() { return !top().picture && !top().strokes.length; },
    get isPenDown() { return open !== null; },
    get canUndo() { return states.length > 1; },
    begin(point) {
      const stroke = [point];
      go({ strokes: [...top().strokes, stroke] });
      open = stroke;
    },
    extend(point) { open?.push(point); },
    end() { open = null; },
    put(picture) { go({ picture, strokes: [] }); },
    clear() { if (!this.isBlank) go(BLANK); },
    undo() {
      if (this.canUndo) states = states.slice(0, -1);
      open = null;
    },
  };
}
