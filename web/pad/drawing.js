/** What is on the sheet: a picture at most, and strokes over it. Every step can be taken back. */

const BLANK = { picture: null, strokes: [] };

/** Points are [x, y] on the sheet; a picture is whatever it is. */
export function createDrawing() {
  let states = [BLANK];
  const top = () => states.at(-1);
  const go = (changes) => { states = [...states, { ...top(), ...changes }]; };
  return {
    get picture() { return top().picture; },
    get strokes() { return top().strokes; },
    get isBlank() { return !top().picture && !top().strokes.length; },
    get canUndo() { return states.length > 1; },
    begin(point) { go({ strokes: [...top().strokes, [point]] }); },
    extend(point) { top().strokes.at(-1).push(point); },
    put(picture) { go({ picture, strokes: [] }); },
    clear() { if (!this.isBlank) go(BLANK); },
    undo() { if (this.canUndo) states = states.slice(0, -1); },
  };
}
