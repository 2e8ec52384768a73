import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

it('each message of the console has a German text, with the same places, and none is left over', () => {
  const run = spawnSync(process.execPath, [join(import.meta.dirname, 'messages.mjs')], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(run.stdout).toMatch(/^\d{3,} messages, 0 without German\n$/);
  expect(run.status).toBe(0);
});
