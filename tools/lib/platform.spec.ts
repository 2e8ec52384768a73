import {
  compilerNeeds,
  endSignals,
  hasOwnGroup,
  nodeProgram,
  npmCommand,
  passedSignals,
  slashed,
} from './platform.mjs';

const EXEC = 'C:\\Program Files\\nodejs\\node.exe';

describe('on Windows', () => {
  it('npm is run by Node: the one that started us, else the one beside Node', () => {
    const started = 'D:\\npm\\bin\\npm-cli.js';
    const around = { platform: 'win32', execPath: EXEC } as const;
    expect(npmCommand(['ci'], { ...around, env: { npm_execpath: started } })).toEqual([EXEC, [started, 'ci']]);
    const beside = 'C:\\Program Files\\nodejs\\node_modules\\npm\\bin\\npm-cli.js';
    expect(npmCommand(['ci'], { ...around, env: {} })).toEqual([EXEC, [beside, 'ci']]);
    // Another package manager has started us.
    expect(npmCommand(['ci'], { ...around, env: { npm_execpath: 'C:\\pnpm\\pnpm.cjs' } })).toEqual([
      EXEC,
      [beside, 'ci'],
    ]);
  });

  it('Node 24 is a program, not the script that npm makes for it', () => {
    expect(nodeProgram('node_modules', 'win32')).toBe('node_modules\\node\\bin\\node.exe');
    expect(nodeProgram('/w/node_modules', 'linux')).toBe('/w/node_modules/.bin/node');
  });

  it('a process that is started shares the console, and is told by it alone', () => {
    expect([hasOwnGroup('win32'), hasOwnGroup('linux')]).toEqual([false, true]);
    expect([passedSignals('win32'), passedSignals('linux')]).toEqual([[], ['SIGTERM', 'SIGHUP']]);
    expect([endSignals('win32'), endSignals('linux')]).toEqual([
      ['SIGINT', 'SIGHUP', 'SIGBREAK'],
      ['SIGINT', 'SIGTERM', 'SIGHUP'],
    ]);
  });

  it('a compiler is got otherwise', () => {
    expect(compilerNeeds('win32')).toMatch(/Visual Studio/);
    expect(compilerNeeds('darwin')).toMatch(/xcode-select/);
    expect(compilerNeeds('linux')).toMatch(/apt-get install/);
  });

  it('paths get slashes; elsewhere a backslash is part of a name', () => {
    expect(slashed('libs\\chunks\\dist\\index.js', 'win32')).toBe('libs/chunks/dist/index.js');
    expect(slashed('a\\b', 'linux')).toBe('a\\b');
  });
});

it('elsewhere npm is npm', () => {
  expect(npmCommand(['ci'], { platform: 'linux' })).toEqual(['npm', ['ci']]);
});
