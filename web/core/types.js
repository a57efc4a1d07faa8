/** Types of the file contract (results/README.md) as the page holds it after parsing. No code: the page never loads this module. */

/** @typedef {'running' | 'completed' | 'stopped' | 'interrupted' | 'failed'} Status as the trainer writes it */
/** @typedef {Status | 'paused' | 'stalled' | 'crashed'} Liveness the status as it is displayed */

/** @typedef {(number | null)[]} Column null: unknown, or not finite */

/**
 * @typedef {object} Batches columns of equal length, a row for each bucket of consecutive batches
 * @property {number[]} step ascending
 * @property {Column} epoch
 * @property {Column} loss
 * @property {Column} loss_min
 * @property {Column} loss_max
 * @property {Column} accuracy
 * @property {Column} lr
 * @property {Column} images_per_second
 * @property {Column} seconds since the run began, without pauses between processes
 */

/**
 * @typedef {object} Epochs columns of equal length, a row for each finished epoch
 * @property {number[]} epoch ascending
 * @property {Column} step
 * @property {Column} train_loss
 * @property {Column} train_accuracy
 * @property {Column} val_loss
 * @property {Column} val_accuracy
 * @property {Column} lr
 * @property {Column} seconds
 */

/**
 * @typedef {object} Layer
 * @property {string} name
 * @property {string} type
 * @property {string} detail
 * @property {Column} output shape
 * @property {number | null} parameters
 * @property {number | null} macs multiply-adds for one image
 */

/**
 * @typedef {object} Model
 * @property {string} name
 * @property {number | null} parameters
 * @property {number | null} trainable
 * @property {number | null} macs
 * @property {Column} input shape
 * @property {number[] | null} megabytes input, activations, parameters, total
 * @property {Layer[]} layers
 */

/**
 * @typedef {object} Progress
 * @property {number | null} epoch
 * @property {number | null} epochs
 * @property {number | null} batch
 * @property {number | null} batches
 * @property {number | null} step
 * @property {number | null} steps
 * @property {number | null} imagesPerSecond
 * @property {number | null} secondsLeft
 */

/**
 * @typedef {object} Dataset
 * @property {string} name
 * @property {number | null} train images
 * @property {number | null} validation images
 * @property {number | null} test images
 * @property {string} sha256
 * @property {string} notice
 */

/**
 * @typedef {object} LogEvent
 * @property {number | null} step
 * @property {number | null} time milliseconds since 1970
 * @property {string} kind
 * @property {string} text
 * @property {string} [request] id of the command that this event answers
 * @property {number | null} [value] the value set
 */

/** @typedef {{loss: number | null, accuracy: number | null, correct: number | null, total: number | null}} TestResult */

/**
 * @typedef {object} Log training_log.json
 * @property {boolean} newer whether its schema is newer than this page
 * @property {string} runId
 * @property {string} name
 * @property {Status} status
 * @property {string} phase
 * @property {number | null} startedAt milliseconds since 1970
 * @property {number | null} updatedAt
 * @property {string} command
 * @property {[string, string][]} config
 * @property {[string, string][]} environment
 * @property {Dataset | null} dataset
 * @property {Model | null} model
 * @property {Progress} progress
 * @property {string[]} files
 * @property {Batches} batches
 * @property {Epochs} epochs
 * @property {LogEvent[]} events
 * @property {TestResult | null} test
 * @property {string} error
 */

/**
 * @typedef {object} Run an entry of runs.json
 * @property {string} runId
 * @property {string} path '' for the live run
 * @property {string} name
 * @property {Liveness} status
 * @property {boolean} hidden
 * @property {boolean} pinned
 * @property {number | null} startedAt
 * @property {number | null} updatedAt
 * @property {number | null} seconds
 * @property {string} model
 * @property {string} dataset
 * @property {number | null} epochs
 * @property {number | null} parameters
 * @property {number | null} bestAccuracy
 * @property {number | null} lastAccuracy
 * @property {number | null} testAccuracy
 * @property {[string, string][]} config none in a list of an earlier version
 * @property {Object<string, number>} metrics the latest values, such as val_loss, and those of the test, such as test_accuracy
 */

/**
 * @typedef {object} ServerStatus GET /training_status
 * @property {string} runId
 * @property {number | null} updatedAt
 * @property {Liveness | null} liveness null while there is no run
 * @property {Map<string, string | null>} etags of the files that the server follows; null: missing
 */

/** @typedef {{x: number, y: number}} Point */

/**
 * @typedef {object} Lines of one measure
 * @property {Column} batch
 * @property {Column} [low] the least in each bucket
 * @property {Column} [high]
 * @property {Column} [smooth]
 * @property {Point[]} train
 * @property {Point[]} validation
 */

/**
 * @typedef {object} Curves a log over one x axis
 * @property {string} unit epoch, step, or a unit of time
 * @property {string} [seed] of the run
 * @property {[number, number]} full range of the x axis
 * @property {number[]} steps of the buckets
 * @property {number[]} batchX
 * @property {Column} epochX
 * @property {Epochs} epochs
 * @property {Lines} loss
 * @property {Lines} accuracy
 * @property {Lines} lr
 * @property {Lines} throughput
 * @property {(LogEvent & {x: number | null, isCause?: boolean})[]} events
 * @property {OtherCurves[]} [others] of the overlaid runs
 * @property {string | null} [group] of the run
 */

/**
 * @typedef {object} Band of a group of runs: mean and standard deviation after each epoch that all of them have
 * @property {Point[]} mean
 * @property {Point[]} low
 * @property {Point[]} high
 * @property {number[]} sds
 */

/** @typedef {Curves & {name: string, number: number, mark?: string, count?: number, bands?: Object<string, Band>}} OtherCurves of an overlaid run, or of a group with `count` seeds */

export {};
