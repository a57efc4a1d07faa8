/** Parser of the list of runs, and its correction by the live run's log. */

import { METRIC, oneOf, settings } from './contract.js';
import { FIELDS, withPresentNames } from './renames.js';
import { LIVENESSES } from './status.js';
import { count, isRecord, list, number, record, runId, text, time } from './values.js';

/** @import {Log, Run} from './types.js' */

const MAX_RUNS = 2000;
const MAX_METRICS = 40; // of a run
const TEST_METRIC = /^test_[a-z0-9_]{1,40}$/;
const COUNTS = new Set(['test_correct', 'test_total']); // no results of their own

/**
 * The runs, newest first; entries with a path outside the contract are dropped.
 * @returns {Run[]}
 */
export function parseRuns(value) {
  return list(record(value).runs).filter(isRecord).slice(0, MAX_RUNS).flatMap((entry) => {
    const run = withPresentNames(entry, FIELDS);
    const id = runId(run.run_id);
    if (!id || !['', `runs/${id}/`].includes(run.path)) return [];
    return [{
      runId: id,
      path: run.path,
      name: text(run.name, 200) || id,
      status: oneOf(LIVENESSES, run.status, 'failed'),
      hidden: run.hidden === true,
      pinned: run.pinned === true,
      startedAt: time(run.started_at),
      updatedAt: time(run.updated_at),
      seconds: number(run.seconds),
      model: text(run.model, 80),
      dataset: text(run.dataset, 60),
      epochs: count(run.epochs),
      parameters: count(run.parameters),
      bestAccuracy: number(run.best_val_accuracy),
      lastAccuracy: number(run.last_val_accuracy),
      testAccuracy: number(run.test_accuracy),
      config: settings(run.config),
      metrics: metricsOf({ val_accuracy: run.last_val_accuracy, test_accuracy: run.test_accuracy, ...record(run.metrics) }),
    }];
  });
}

/** @returns {Object<string, number>} the finite ones, in a fixed order */
function metricsOf(given) {
  const isMetric = (name) => (METRIC.test(name) || TEST_METRIC.test(name)) && !COUNTS.has(name);
  const known = Object.entries(given).filter(([name, value]) => isMetric(name) && number(value) !== null);
  return Object.fromEntries(known.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, MAX_METRICS));
}

/**
 * The runs with the live run's entry taken from its log where their statuses differ: the log is written first, and the
 * list is not if the trainer is killed in between. The same array where they agree.
 * @param {Run[]} runs
 * @param {Log} log
 */
export function withLiveLog(runs, log) {
  const live = runs.find(({ path, runId: id }) => path === '' && id === log.runId);
  if (!live || live.status === log.status) return runs;
  return runs.map((run) => (run === live ? { ...run, ...logged(log, live) } : run));
}

/** The facts of an entry as the log has them. */
function logged({ status, updatedAt, model, dataset, epochs, batches, test, config }, before) {
  const accuracies = epochs.val_accuracy.filter((accuracy) => accuracy !== null);
  const tested = test && { test_loss: test.loss, test_accuracy: test.accuracy };
  return {
    status,
    updatedAt,
    seconds: batches.seconds.findLast((seconds) => seconds !== null) ?? null,
    model: model?.name ?? before.model,
    parameters: model?.parameters ?? before.parameters,
    dataset: dataset?.name ?? before.dataset,
    epochs: epochs.epoch.at(-1) ?? 0,
    bestAccuracy: accuracies.length ? Math.max(...accuracies) : null,
    lastAccuracy: accuracies.at(-1) ?? null,
    testAccuracy: test?.accuracy ?? null,
    config,
    metrics: { ...before.metrics, ...metricsOf({ ...latest(epochs), ...tested }) },
  };
}

/** The last known value of each column. */
const latest = (columns) => Object.fromEntries(
  Object.entries(columns).map(([name, column]) => [name, column.findLast((value) => value !== null)]),
);
