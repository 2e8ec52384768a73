import { parseConfig } from '../config.js';
import { helpText } from './help.js';
import { hostProblems } from '../start/listen-hosts.js';

describe('--help', () => {
  it('names flags that there are, and every one of them', () => {
    const named = [...helpText().matchAll(/^ {2}(--[a-z0-9-]+) +(DFS_[A-Z0-9_]+) /gm)];
    expect(named.length).toBeGreaterThan(15);
    for (const [, flag] of named) expect(refusal(`${flag}=`)).not.toContain('neither a command nor a flag');
    expect(refusal('--no-such=')).toContain('neither a command nor a flag');
    expect(parseConfig(Object.fromEntries(named.map(([, , variable]) => [variable, '']))).unknown).toEqual([]);
  });
});

function refusal(flag: string): string {
  try {
    parseConfig({}, [flag]);
    return '';
  } catch (error) {
    return String(error);
  }
}

describe('hosts to listen at', () => {
  const config = (http: string, p2p: string) => parseConfig({ DFS_HTTP_HOST: http, DFS_P2P_HOST: p2p });

  it('are those of this machine', async () => {
    expect(await hostProblems(config('localhost', '0.0.0.0'))).toEqual([]);
  });

  it('are found wrong before anything starts', async () => {
    // Addresses for documentation, and a name that never is one.
    expect(await hostProblems(config('192.0.2.77', '192.0.2.78'))).toEqual([
      'DFS_HTTP_HOST must be an address of this machine, or a name of one, not "192.0.2.77" (EADDRNOTAVAIL).',
      'DFS_P2P_HOST must be an address of this machine, or a name of one, not "192.0.2.78" (EADDRNOTAVAIL).',
    ]);
    expect(await hostProblems(config('no.such.host.invalid', '127.0.0.1'))).toEqual([
      expect.stringMatching(/^DFS_HTTP_HOST must be .*"no\.such\.host\.invalid" \((ENOTFOUND|EAI_AGAIN)\)\.$/),
    ]);
  });
});
