import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';

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

const documents = globSync(['*.md', '{docs,libs,apps,deploy}/**/*.md'], {
  cwd: root,
  exclude: (name) => basename(String(name)) === 'node_modules' || basename(String(name)) === 'dist',
}).map(String);

describe('links of the docs', () => {
  it('are followed in all documents', () => {
    expect(documents).toEqual(
      expect.arrayContaining([
        'README.md',
        'docs/glossary.md',
        'docs/decisions/README.md',
        'libs/protocol/PROTOCOL.md',
      ]),
    );
    expect(documents.flatMap((path) => linksOf(read(path))).length).toBeGreaterThan(20);
  });

  it.each(documents)('of %s lead somewhere', (path) => {
    expect(deadLinks(path, read(path))).toEqual([]);
  });

  it('see a dead link, a dead anchor and a dead path', () => {
    const text = [
      '# A page',
      '[here](#a-page), [there](docs/decisions/README.md#decisions), [away](https://example.org/#nowhere)',
      'and `[no link](nowhere.md)`, `libs/protocol/PROTOCOL.md`',
      '```',
      '[no link](nowhere.md)',
      '```',
      '[dead](docs/nowhere.md), [dead](#nowhere), [dead](docs/decisions/README.md#nowhere), ![dead](nowhere.svg)',
      'and `libs/nowhere/index.ts`, [by name][name]',
      '',
      '[name]: by-name.md',
    ].join('\n');
    expect(deadLinks('CANARY.md', text)).toEqual([
      'docs/nowhere.md',
      '#nowhere',
      'docs/decisions/README.md#nowhere',
      'nowhere.svg',
      'by-name.md',
      'libs/nowhere/index.ts',
    ]);
  });

  it('know the anchors that GitHub makes of headings', () => {
    expect([...anchorsOf('# One `word`\n## Who, what?\n## Who, what?\n```\n# no heading\n```\n')]).toEqual([
      'one-word',
      'who-what',
      'who-what-1',
    ]);
  });
});

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Of the links and paths in the text of a document at `path`: those that lead nowhere. */
function deadLinks(path: string, text: string): string[] {
  const links = linksOf(text).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : normalize(join(dirname(path), file));
    if (file !== '' && !existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchorsOf(target === path ? text : read(target)).has(anchor);
  });
  const paths = pathsOf(text).flatMap((named) => {
    if (!named.startsWith('src/')) return [named];
    // Of a document's own library; elsewhere it means that of any.
    return path.startsWith('libs/') ? [join(dirname(path), named)] : [];
  });
  return [...links, ...paths.filter((named) => !existsSync(join(root, named)))];
}

/** Targets of all links, images included, outside of code. */
function linksOf(text: string): string[] {
  const prose = withoutFences(text).replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)].map(
    ([, inline, named]) => (inline ?? named)!,
  );
}

/** Paths that the text names: in code, from the root of the workspace or, by `src/`, of the document's library. */
function pathsOf(text: string): string[] {
  return [...withoutFences(text).matchAll(/`((?:apps|docs|libs|src|tools)\/[\w./-]+)`/g)].map(([, path]) => path!);
}

/** Anchors of the headings, as GitHub makes them: lower case, no punctuation, hyphens for spaces, repeated ones numbered. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutFences(text).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    let free = anchor;
    for (let n = 1; anchors.has(free); n++) free = `${anchor}-${n}`;
    anchors.add(free);
  }
  return anchors;
}

/** Sentences, in cells of tables too, that begin with who, what or whoever; questions and headings aside. */
function pronounSentences(text: string): string[] {
  const paragraphs = withoutFences(text)
    .replaceAll(/^#.*$/gm, '')
    .replaceAll('*', '')
    .split(/\n\s*\n|\n(?=\s*[-|\d])|\s\|(?=\s)/);
  return paragraphs
    .map((paragraph) => paragraph.replace(/^[\s|#-]+/, '').replaceAll(/\s+/g, ' '))
    .flatMap((paragraph) => paragraph.split(/(?<=[.!?]) (?=\p{Lu})/u))
    .filter((sentence) => /^(?:who|whose|what|whatever|whoever)\b(?!.*\?)/i.test(sentence) && /^\p{Lu}/u.test(sentence))
    .map((sentence) => sentence.trim());
}

function withoutFences(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
}

describe('plain English', () => {
  it.each(documents)('begins no sentence of %s with a pronoun in place of a noun', (path) => {
    expect(pronounSentences(read(path))).toEqual([]);
  });

  it('knows such a sentence from a question and from a word within one', () => {
    const text =
      'All is well. What is lost is lost.\n\n- **Who:** members.\n\nWhat now? It knows what it has.\n\n| role | What it may do. |\n';
    expect(pronounSentences(text)).toEqual(['What is lost is lost.', 'Who: members.', 'What it may do.']);
  });
});

describe('docs/glossary.md', () => {
  const words = [...read('docs/glossary.md').matchAll(/^\| ([^|]+?) +\|/gm)]
    .flatMap(([, cell = '']) => cell.replaceAll(/[()…]/g, ',').split(','))
    .map((word) => word.trim())
    .filter((word) => /^[a-z]/i.test(word) && word !== 'word');

  it('explains each word once', () => {
    expect(words.length).toBeGreaterThan(80);
    expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([]);
  });

  it('explains the words of the design', () => {
    const design = `content chunk manifest extent block pin promise holder cache want drain release repair
      record head conflict void adopt receipt purge member role live reachable willing grace`;
    expect(design.split(/\s+/).filter((word) => !words.includes(word))).toEqual([]);
  });
});

/** Files below a folder, in any depth; none where there is no such folder. */
function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true }).map(String);
  } catch {
    return [];
  }
}
