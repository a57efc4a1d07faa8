/** Types of the files beside the log, as their parsers return them: samples, predictions, weights, embedding. */

/**
 * @typedef {object} Sample
 * @property {number | null} index
 * @property {number | null} label
 * @property {number | null} prediction
 * @property {number[]} probabilities
 * @property {number[] | null} pixels 0 to 255
 */

/**
 * @typedef {object} Samples test_samples.json
 * @property {string} [folder]
 * @property {number | null} epoch
 * @property {boolean} final
 * @property {boolean} isCalibrated
 * @property {number} rows
 * @property {number} columns
 * @property {Sample[]} samples
 * @property {{epoch: number, isCalibrated: boolean, probabilities: number[][]}[]} history of the epochs kept
 */

/**
 * @typedef {object} AnswerSet predictions for all images of one set, after one epoch
 * @property {'validation' | 'test'} kind
 * @property {number | null} epoch
 * @property {number[]} labels
 * @property {number[]} predictions
 * @property {boolean} isCalibrated
 * @property {number[]} confidences
 * @property {Map<number, number[]>} probabilities ten for some images, by index
 */

/** @typedef {{sets: AnswerSet[], folder?: string}} Predictions predictions.json: validation after each epoch kept, then test */

/** @typedef {{name: string, low: number, high: number, std: number | null, counts: number[]}} Histogram */
/** @typedef {{name: string, count: number, rows: number, columns: number, values: number[]}} Filters */
/** @typedef {{filters: Filters | null, epochs: {epoch: number, layers: Histogram[], filters: number[]}[], folder?: string}} Weights weights.json */

/** @typedef {{index: number[], x: number[], y: number[]}} Positions of some images of a set, by their places in it */
/** @typedef {{x: number[], y: number[], offset: number[]}} Projection weights of the features of the last hidden layer, and an offset */
/** @typedef {{set: string, index: number, label: number[], prediction: number[]}} NeighborRow training images of the true and of the predicted class, -1 for none */
/** @typedef {{among: number | null, rows: NeighborRow[]}} Neighbors in the order of the rows of neighbors.png */
/** @typedef {{epochs: (Positions & {epoch: number, projection: Projection | null})[], test: Positions | null, neighbors: Neighbors | null, folder?: string}} Embedding embedding.json */

export {};
