/** New runs: opens the form, empty or with the settings of an earlier run, and queues repetitions of a run. */

import { folderOf } from '../core/api.js';
import { presentOptions } from '../core/renames.js';
import { record } from '../core/values.js';
import { Refusal, SEEDS, authorization, enqueue } from './requests.js';
import { settingsOf } from './settings-of.js';

/** `done(sentence)` is called when a run was started or queued. */
export function createNewRun(store, poll, done) {
  /** @type {any} */
  let form = null; // loaded when it is first opened; entries stay until the page is closed
  /** @type {any} */
  let options = null;
  let isOfRun = false; // the form has the settings of an earlier run

  async function loadOptions() {
    if (options) return options;
    const answer = await fetch('options', { headers: authorization(store.state.token) }).then((found) => found.json()).catch(() => null);
    if (!answer?.options) throw new Refusal(answer?.error ?? 'The server has no options.');
    options = answer;
    return options;
  }

  async function loadForm() {
    const { createForm } = await import('./form.js');
    return createForm(await loadOptions(), store, poll, done);
  }

  /** The options of a run that differ from their defaults. Throws Refusal. */
  async function read({ runId, path }) {
    const log = await fetch(`${folderOf(path ? runId : null)}training_log.json`).then((answer) => answer.json()).catch(() => null);
    const config = record(record(log).config);
    if (!config.model) throw new Refusal('The settings of this run can\u2019t be read.');
    return settingsOf(await loadOptions(), presentOptions(config));
  }

  return {
    /** An empty form, or one as it was left, but not the settings of an earlier run. */
    async open() {
      form ??= await loadForm();
      if (isOfRun) form.fill({});
      isOfRun = false;
      form.open();
    },
    /** The form with a run's settings. */
    async again(run) {
      const settings = await read(run);
      form ??= await loadForm();
      form.fill(settings);
      isOfRun = true;
      form.open(`Run again: ${run.name}`);
    },
    /** Queues a run's settings with the seeds 1 to 5; resolves to a sentence. */
    async repeat(run) {
      return enqueue(store, poll, { options: await read(run), seeds: SEEDS });
    },
  };
}
