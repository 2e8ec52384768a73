import { runInNewContext } from 'node:vm';
import { finishedText } from './bundled-text.mjs';

const HELPER = 'var __name=(target,value)=>Object.defineProperty(target,"name",{value,configurable:!0});';

/** The value of a program, as esbuild writes it and as it is finished, and how many calls that give a name are left in it. */
function both(text: string): { before: unknown; after: unknown; calls: number } {
  const finished = finishedText(`${HELPER}${text}`);
  return {
    before: runInNewContext(`${HELPER}${text}`),
    after: runInNewContext(finished),
    calls: finished.split('__name(').length - 1,
  };
}

describe('the text of a bundle', () => {
  it.each([
    ['a variable', 'let done=__name(()=>1,"done");done.name'],
    ['a variable of several, over two lines', 'let a=1,done=__name(async x=>{await x},\n"done"),b=2;done.name+a+b'],
    ['an assignment', 'let done;done=__name(function(){},"done");done.name'],
    ['a property', '({"done":__name(x=>[x,x],"done"),other:2}).done.name'],
    ['a field', 'new class{#done=__name(()=>1,"#done");name=this.#done.name}().name'],
    ['a default', 'let {done=__name(()=>1,"done")}={};done.name'],
    ['a function with its own name', 'let x=__name(function done(){},"done");x.name'],
    ['a declared function', 'function done(){}__name(done,"done");done.name'],
    ['two declared functions', 'function a(){}function b(){}__name(a,"a"),__name(b,"b");a.name+b.name'],
    ['one within another', 'let out=__name(()=>{let into=__name(()=>1,"into");return into.name},"out");out.name+out()'],
  ])('has no call that names %s', (_, text) => {
    const { before, after, calls } = both(text);
    expect(after).toEqual(before);
    expect(calls).toBe(0);
  });

  it.each([
    ['a class', 'let Tool2=class{static{__name(this,"Tool")}};Tool2.name'],
    ['a function with another name', 'let x_default=__name(()=>1,"default");x_default.name'],
    ['a declared function with another name', 'function take(){}__name(take,"give");take.name'],
    ['a function that is handed on', 'String(__name(()=>1,"done").name)'],
    ['a member of an object', 'let a={};a.b=__name(()=>1,"done");a.b.name'],
  ])('names %s', (_, text) => {
    const { before, after, calls } = both(text);
    expect(after).toEqual(before);
    expect(calls).toBe(1);
  });

  it('lets go of the number behind a name that several files have', () => {
    expect(both('let done2=__name(()=>1,"done");done2.name')).toMatchObject({ after: 'done2', calls: 0 });
  });

  it('leaves every line and column where it was', () => {
    const text = `${HELPER}let a=__name(()=>1,\n"a");function b(){}__name(b,"b");\nlet last=7;`;
    const finished = finishedText(text);
    expect(finished.length).toBe(text.length);
    expect(finished.split('\n').map((line) => line.length)).toEqual(text.split('\n').map((line) => line.length));
    expect(finished.indexOf('let last')).toBe(text.indexOf('let last'));
  });

  it('is in ASCII, and its regular expressions mean what they meant', () => {
    const text = 'const done=/^[ä-ü]…$/u;[done.test("ö…"),done.test("z…")].join()';
    expect(finishedText(text)).not.toMatch(/\/.*[^\0-\x7f].*\/u/);
    expect(runInNewContext(finishedText(text))).toBe('true,false');
  });

  it('stays as it is where nothing is to be changed', () => {
    expect(finishedText('const a = () => 1;')).toBe('const a = () => 1;');
  });
});
