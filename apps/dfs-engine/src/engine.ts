/** The commands of the program. They are apart from `main.ts`, so that a process that is to be tuned first loads none of this. */

/** Runs what a command line asks for: a check or a restoring of the database, to its end, or a node, until it is up. */
export async function runCommand(command: string | undefined, args: readonly string[]): Promise<void> {
  const terminal = {
    out: (text: string) => void process.stdout.write(text),
    err: (text: string) => void process.stderr.write(text),
    interactive: process.stderr.isTTY,
  };
  if (command === 'check') {
    const { runCheck } = await import('./check/run.js');
    process.exitCode = await runCheck(args, terminal);
  } else if (command === 'restore' || command === 'rebuild') {
    const { runRestore } = await import('./backup/restore-run.js');
    process.exitCode = await runRestore(command, args, terminal);
  } else {
    const { run } = await import('./process/run.js');
    await run();
  }
}
