import {
  ACTS,
  DISKS,
  find,
  prepare,
  recoverAll,
  showsChange,
  type ActScenario,
  type Prepared,
} from '../../testing/act-scenarios.js';
import type { MemoryRootOptions } from '../../testing/memory-root.js';

/** Another program, at one moment. `text`: what it wrote; `keepsOld`: it did not touch `d/old`. */
interface Rival {
  name: string;
  text?: string;
  keepsOld?: boolean;
  /** @returns the act, which gives `false` where there is nothing to do; what comes before it is done before ours begins */
  make(prepared: Prepared): () => unknown;
}

const RIVALS: Rival[] = [
  {
    name: 'writes in place',
    text: 'OWN',
    make:
      ({ root }) =>
      () =>
        void root.user.write(root.at('d/old'), 'OWN'),
  },
  {
    name: 'saves by rename',
    text: 'OWN',
    make:
      ({ root }) =>
      () =>
        root.user.save(root.at('d/old'), 'OWN'),
  },
  {
    name: 'writes on into a file that it holds open',
    text: 'old+OWN',
    make: ({ root }) => {
      const held = root.files.tree.resolve(root.at('d/old'));
      return () => root.user.append(held, '+OWN');
    },
  },
  {
    name: 'makes a file where ours is to go',
    text: 'OWN',
    keepsOld: true,
    make:
      ({ root }) =>
      () =>
        root.files.tree.find(root.at('d/fresh')) ? false : root.user.write(root.at('d/fresh'), 'OWN'),
  },
  {
    name: 'renames the file elsewhere',
    keepsOld: true,
    make:
      ({ root }) =>
      () =>
        root.files.tree.find(root.at('d/old')) && root.user.rename(root.at('d/old'), root.at('d/else')),
  },
  {
    name: 'renames another file over it',
    text: 'OWN',
    make: ({ root }) => {
      root.user.write(root.at('d/else'), 'OWN');
      return () => root.user.rename(root.at('d/else'), root.at('d/old'));
    },
  },
  {
    name: 'changes permissions',
    keepsOld: true,
    make:
      ({ root }) =>
      () =>
        root.files.tree.find(root.at('d/old')) && root.user.chmod(root.at('d/old')),
  },
  { name: 'does nothing', keepsOld: true, make: () => () => {} },
];

/** The act with the rival before its n-th call. @returns false when it has fewer */
async function race(act: ActScenario, rival: Rival, options: MemoryRootOptions, nth: number): Promise<boolean> {
  const prepared = await prepare(options);
  const { root } = prepared;
  const strike = rival.make(prepared);
  let struck = false;
  let wrote = false;
  const meddle = () => {
    struck = true;
    // See `Puts`: into the file that is being copied, between our look and our write.
    const isBetween = root.files.calls.at(-1)?.name === 'write' && options.noLinks === true;
    wrote = !isBetween && strike() !== false && rival.text !== undefined;
  };
  root.files.script({ nth, fate: { act: meddle } });
  const ended = await act.run(prepared);
  root.files.script();
  const where = `${act.name}, ${rival.name} before call ${nth}`;
  await recoverAll(root);
  const found = await find(root);
  const visible = Object.values(found.visible);
  const anywhere = [...visible, ...found.trashed];
  if (wrote && !visible.includes(rival.text!) && !found.changed.includes(rival.text!)) {
    throw new Error(`${where}: bytes of others are lost or unknown: ${JSON.stringify(found)}`);
  }
  if ((!wrote || rival.keepsOld) && !anywhere.includes('old')) {
    throw new Error(`${where}: the old bytes are lost: ${JSON.stringify(found)}`);
  }
  const texts = new Set(['old', 'gone', rival.text, ...act.brings]);
  if (!anywhere.every((text) => texts.has(text))) throw new Error(`${where}: half a file: ${JSON.stringify(found)}`);
  if (ended && wrote && found.visible[`d/${ended.path}`] === rival.text) {
    if (!(await showsChange(root, ended))) throw new Error(`${where}: the base row hides a local change`);
  }
  return struck;
}

describe.each(DISKS)('never over bytes not seen (rule 8), on a disk %s', (_disk, options) => {
  describe.each(ACTS.map((act) => ({ act, name: act.name })))('$name', ({ act }) => {
    it.each(RIVALS.map((rival) => ({ rival, name: rival.name })))('while another program $name', async ({ rival }) => {
      let nth = 1;
      while (await race(act, rival, options, nth)) nth++;
      // Fewer would mean that the act was not made at all.
      expect(nth).toBeGreaterThan(5);
    });
  });
});
