/** The drawing: a picture or none, and strokes over it, with undo. */

/** @typedef {[number, number]} Point x and y on the sheet */
/** @typedef {{bitmap: HTMLCanvasElement, image: ImageData, ink: string}} Picture `ink`: the color of strokes over it */
/** @typedef {{width: number, points: Point[]}} Stroke */
/** @typedef {{picture: Picture | null, strokes: Stroke[]}} State */

/** @type {State} */
const BLANK = { picture: null, strokes: [] };

export function createDrawing() {
  let states = [BLANK];
  /** @type {Stroke | null} */
  let open = null; // the stroke that is being drawn
  const top = () => states[states.length - 1];
  const push = (changes) => {
    states = [...states, { ...top(), ...changes }];
    open = null;
  };
  return {
    get picture() { return top().picture; },
    get strokes() { return top().strokes; },
    get isBlank() { return !top().picture && !top().strokes.length; },
    get isPenDown() { return open !== null; },
    get canUndo() { return states.length > 1; },
    /**
     * @param {Point} point
     * @param {number} width of the pen
     */
    begin(point, width) {
      const stroke = { width, points: [point] };
      push({ strokes: [...top().strokes, stroke] });
      open = stroke;
    },
    /** @param {Point} point */
    extend(point) { open?.points.push(point); },
    end() { open = null; },
    put(picture) { push({ picture, strokes: [] }); },
    clear() { if (!this.isBlank) push(BLANK); },
    undo() {
      if (this.canUndo) states = states.slice(0, -1);
      open = null;
    },
  };
}
