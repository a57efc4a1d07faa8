/** Types of the page's state. No code: the page never loads this module. */

/** @import {Network} from '../pad/loader.js' */
/** @import {Prepared} from '../pad/prepare.js' */
/** @import {Embedding, Predictions, Samples, Weights} from './artifact-types.js' */
/** @import {Curves, Liveness, Log, Run} from './types.js' */
/** @import {ListOptions} from './list-options.js' */
/** @import {Comparison, Selected, Split, View, Zoom} from './url-state.js' */

/** @typedef {{runId: string, folder: string, log: Log, predictions: Predictions | null, number: number, mark: string, group: string | null}} OverlaidRun
 * `number`: of its color; `mark`: distinguishes runs of the same name; `group`: key of a group that is drawn as one */

/**
 * @typedef {object} State
 * @property {string} page name of the view; "view" means the chart options
 * @property {number | null} epoch chosen with the scrubber; null: the latest, following a live run
 * @property {Split} set whose predictions are shown
 * @property {Selected} selected
 * @property {string[]} listed names of the images among which the selected one was opened
 * @property {{kind: string | null, ok: boolean, seenAt: number | null, isSlow: boolean, loading: string[]}} connection
 * `kind` of server: digits (ours) or files; `isSlow`: the last poll was; `loading`: URLs that are slow to load
 * @property {boolean} loaded whether the first poll is over
 * @property {Log | null} log of the shown run
 * @property {string} folder of that log
 * @property {Liveness | null} liveness of the shown run
 * @property {{runId: string, liveness: Liveness} | null} live the live run, also while an earlier one is shown; null: unknown
 * @property {string[]} wanted which of the next four files are read: those whose sections were in view
 * @property {Samples | null} samples null until it is read, like the next three
 * @property {Predictions | null} predictions
 * @property {Weights | null} weights
 * @property {Embedding | null} embedding
 * @property {Network | null | undefined} network of the shown run; undefined: not read yet, null: none, or it cannot be computed here
 * @property {Prepared | null} drawn the digit on the pad
 * @property {{title: string, pixels: ArrayLike<number>} | null} sent an image on its way to the pad
 * @property {Run[]} runs
 * @property {ListOptions} list how the runs are listed
 * @property {string[]} overlay ids of the runs to draw over the shown one; '' for a free color
 * @property {OverlaidRun[]} others those of them that were read
 * @property {string | null} group of the shown run, if groups are drawn together
 * @property {boolean} isComparing whether the comparison was in view, which needs their predictions
 * @property {string | null} shown id of the earlier run that is shown; null: the live one
 * @property {string | null} missing the id that was asked for and does not exist
 * @property {number} interval seconds between polls
 * @property {View} view of the charts
 * @property {Zoom | null} zoom
 * @property {number | null} present the screen of the presentation, from 1; null: none
 * @property {Comparison} comparison
 * @property {Curves | null} curves the log as the charts draw it
 * @property {{runId: string, from: number, to: number, rows: any} | null} detail every batch of a stretch
 * @property {number | null} cursor the x that is read out
 * @property {string | null} token of a reader who may change something
 * @property {any} control the trainer's state, from the server, for a reader with a token
 * @property {{end: string, lines: string[]} | null} logTail of a trainer that ended with an error
 * @property {string} resumeProblem why an unfinished run can't be resumed
 * @property {{resume: (() => void) | null, again: (() => void) | null}} actions on an ended run, for a reader with a token
 * @property {((run: Run, inTraining: boolean, store: Store) => void) | null} manage opens the dialog that changes a run
 */

/**
 * @typedef {object} Store
 * @property {State} state
 * @property {(changes: Partial<State>) => void} set
 * @property {(keys: (keyof State)[], call: (state: State) => void) => void} on calls now, and after each change of one of `keys`
 */

export {};
