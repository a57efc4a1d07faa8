/**
 * Any trainer on the page, in Node.js without packages: linear regression, logged as results/README.md describes.
 *
 *     node examples/any_trainer.mjs results-node
 *     python server.py --results-dir results-node      in another terminal
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';

const [EPOCHS, BATCHES, LR, folder] = [5, 200, 0.02, argv[2] ?? 'results-node'];
const started = new Date();
const log = {
  schema: 1, run_id: `${started.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-node`,
  name: 'linear regression in Node.js', status: 'running', phase: 'training', started_at: started.toISOString(),
  config: { lr: LR, epochs: EPOCHS }, progress: { epoch: 0, epochs: EPOCHS, batch: 0, batches: BATCHES, step: 0, steps: EPOCHS * BATCHES },
  files: [], batches: { step: [], epoch: [], loss: [] }, epochs: { epoch: [], step: [], train_loss: [] }, events: [],
};
const append = (columns, row) => Object.entries(row).forEach(([name, value]) => columns[name].push(value));
function write(changes) { // whole, and replaced: a reader never sees half a file
  Object.assign(log, changes, { updated_at: new Date().toISOString() });
  writeFileSync(join(folder, '.training_log.tmp'), JSON.stringify(log));
  renameSync(join(folder, '.training_log.tmp'), join(folder, 'training_log.json'));
}
mkdirSync(folder, { recursive: true });
let [slope, offset, step] = [0, 0, 0];
for (let epoch = 1; epoch <= EPOCHS; epoch += 1) {
  for (let batch = 1, loss = 0; batch <= BATCHES; batch += 1) {
    const x = 2 * Math.random() - 1;
    const error = slope * x + offset - (3 * x + 1 + 0.1 * Math.random());
    [slope, offset, loss, step] = [slope - LR * error * x, offset - LR * error, loss + error ** 2 / BATCHES, step + 1];
    append(log.batches, { step, epoch, loss: error ** 2 });
    Object.assign(log.progress, { epoch, batch, step });
    if (batch === BATCHES) append(log.epochs, { epoch, step, train_loss: loss });
    if (batch % 50 === 0) { write(); await pause(250); } // a second is often enough
  }
}
write({ status: 'completed', phase: 'done' });
