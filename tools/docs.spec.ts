import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '..');

describe('docs/what-must-hold.md', () => {
  const text = readFileSync(join(root, 'docs/what-must-hold.md'), 'utf8');
  const named = [...text.matchAll(/`([a-z0-9-]+)\/([a-z0-9-]+)`/g)].map(([, project = '', spec = '']) => ({
    project,
    spec,
  }));

  it('names tests that there are', () => {
    expect(named.length).toBeGreaterThan(40);
    const missing = named.filter(({ project, spec }) => !specsOf(project).has(`${spec}.spec.ts`));
    expect(missing.map(({ project, spec }) => `${project}/${spec}`)).toEqual([]);
  });

  const known = new Map<string, Set<string>>();

  function specsOf(project: string): Set<string> {
    let specs = known.get(project);
    if (!specs) {
      const folders = ['apps', 'libs'].map((folder) => join(root, folder, project, 'src'));
      specs = new Set(folders.flatMap(filesBelow).map((path) => basename(path)));
      known.set(project, specs);
    }
    return specs;
  }
});

/** Files below a folder, in any depth; none where there is no such folder. */
function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true }).map(String);
  } catch {
    return [];
  }
}
