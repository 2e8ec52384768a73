import { Argument, type Command } from 'commander';
import type { Context } from './context.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `dfs completion`: a script for a shell, made from the commands that there are. */
export function addCompletion(program: Command, context: Context): void {
  program
    .command('completion')
    .summary('print the completion script of a shell')
    .description('Prints a script that completes commands and options in bash, zsh or fish.')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(dfs completion bash)\n  source <(dfs completion zsh)\n  dfs completion fish > ~/.config/fish/completions/dfs.fish',
    )
    .action((shell: (typeof SHELLS)[number]) => {
      context.around.stdout.write(`${script(program, shell)}\n`);
    });
}

interface Completed {
  name: string;
  summary: string;
  options: string[];
}

function script(program: Command, shell: (typeof SHELLS)[number]): string {
  const commands = program.commands.map((command): Completed => ({
    name: command.name(),
    summary: command.summary(),
    options: [...command.options, ...program.options].flatMap(({ long }) => (long ? [long] : [])),
  }));
  return { bash, zsh, fish }[shell](commands);
}

function bash(commands: readonly Completed[]): string {
  const cases = commands.map(({ name, options }) => `    ${name}) words="${options.join(' ')}" ;;`).join('\n');
  return `_dfs() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _dfs dfs`;
}

function zsh(commands: readonly Completed[]): string {
  const names = commands.map(({ name, summary }) => `    '${name}:${summary.replaceAll("'", '’')}'`).join('\n');
  const cases = commands.map(({ name, options }) => `    ${name}) _values option ${options.join(' ')} ;;`).join('\n');
  return `#compdef dfs
_dfs() {
  local -a commands
  commands=(
${names}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  if [[ "$PREFIX" != -* ]]; then
    _files
    return
  fi
  case "$words[2]" in
${cases}
  esac
}
compdef _dfs dfs`;
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c dfs -n __fish_use_subcommand -f -a ${name} -d '${summary.replaceAll("'", '’')}'`,
    ...options.map((option) => `complete -c dfs -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`),
  ]);
  return lines.join('\n');
}
