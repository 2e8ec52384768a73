/**
 * Runs a target of Angular's own builders as Nx would, and without Nx, in its default configuration or in another:
 *
 *     node tools/lib/angular.mjs <folder of the project> <target> [<configuration>]
 *
 * Its working directory is the root of the workspace.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Architect } from '@angular-devkit/architect';
import { WorkspaceNodeModulesArchitectHost } from '@angular-devkit/architect/node/index.js';
import { logging, schema } from '@angular-devkit/core';

const [folder = '', target = '', chosen] = process.argv.slice(2);
const { nx } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const { executor, options, configurations = {}, defaultConfiguration } = nx.targets[target];
const configuration = chosen ?? defaultConfiguration;

const registry = new schema.CoreSchemaRegistry();
registry.addPostTransform(schema.transforms.addUndefinedDefaults);
const host = new WorkspaceNodeModulesArchitectHost(
  {
    getBuilderName: async () => executor,
    getMetadata: async () => ({ root: folder, sourceRoot: join(folder, 'src'), projectType: 'application' }),
    getOptions: async (_project, _target, name) => ({ ...options, ...configurations[name ?? ''] }),
    hasTarget: async () => true,
    getDefaultConfigurationName: async () => defaultConfiguration,
  },
  process.cwd(),
);
const logger = new logging.Logger('build');
logger.subscribe(({ message }) => console.log(message));
const run = await new Architect(host, registry).scheduleTarget(
  { project: nx.name, target, configuration },
  {},
  { logger },
);
const { success, error } = await run.lastOutput;
if (error !== undefined) console.log(error);
await run.stop();
process.exitCode = success ? 0 : 1;
