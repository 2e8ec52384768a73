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

/** One command, or one below another such as `folder trash`. */
interface Completed {
  /** Its name with those above it. */
  names: string[];
  summary: string;
  options: string[];
  /** Names of the commands below it. */
  below: string[];
}

function script(program: Command, shell: (typeof SHELLS)[number]): string {
  const all = (above: Command, names: readonly string[]): Completed[] =>
    above.commands.flatMap((command) => {
      const own = [...names, command.name()];
      return [
        {
          ...{ names: own, summary: command.summary() },
          options: [...new Set([...command.options, ...program.options].flatMap(({ long }) => (long ? [long] : [])))],
          below: command.commands.map((each) => each.name()),
        },
        ...all(command, own),
      ];
    });
  return { bash, zsh, fish }[shell](all(program, []));
}

const isFirst = ({ names }: Completed): boolean => names.length === 1;
const firstNames = (commands: readonly Completed[]): string =>
  commands
    .filter(isFirst)
    .flatMap(({ names }) => names)
    .join(' ');
const groups = (commands: readonly Completed[]): Completed[] => commands.filter(({ below }) => below.length > 0);
/** The deepest first, so that a pattern for one above it takes none of its words. */
const deepestFirst = (commands: readonly Completed[]): Completed[] =>
  commands.toSorted((a, b) => b.names.length - a.names.length);

function bash(commands: readonly Completed[]): string {
  const below = groups(commands).map(({ names, below }) => `    '${names.join(' ')}') names="${below.join(' ')}" ;;`);
  const cases = deepestFirst(commands).map(
    ({ names, options }) => `    '${names.join(' ')} '*) words="${options.join(' ')}" ;;`,
  );
  return `_dfs() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="" names=""
  local before="\${COMP_WORDS[*]:1:COMP_CWORD-1}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${firstNames(commands)}" -- "$current"))
    return
  fi
  case "$before" in
${below.join('\n')}
  esac
  case "$before " in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *)
      if [ -n "$names" ]; then COMPREPLY=($(compgen -W "$names" -- "$current"))
      else COMPREPLY=($(compgen -f -- "$current")); fi ;;
  esac
}
complete -o filenames -F _dfs dfs`;
}

function zsh(commands: readonly Completed[]): string {
  const names = commands
    .filter(isFirst)
    .map(({ names: [name], summary }) => `    '${name}:${summary.replaceAll("'", '’')}'`)
    .join('\n');
  const below = groups(commands).map(
    ({ names: own, below: within }) => `      '${own.join(' ')}') compadd -- ${within.join(' ')}; return ;;`,
  );
  const cases = deepestFirst(commands).map(
    ({ names: own, options }) => `    '${own.join(' ')} '*) compadd -- ${options.join(' ')} ;;`,
  );
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
  local before="\${words[2,CURRENT-1]}"
  if [[ "$PREFIX" != -* ]]; then
    case "$before" in
${below.join('\n')}
    esac
    _files
    return
  fi
  case "$before " in
${cases.join('\n')}
  esac
}
compdef _dfs dfs`;
}

function fish(commands: readonly Completed[]): string {
  const seen = (names: readonly string[]): string =>
    names.map((name) => `__fish_seen_subcommand_from ${name}`).join('; and ');
  const lines = commands.flatMap(({ names, summary, options, below }) => [
    ...(names.length > 1
      ? []
      : [`complete -c dfs -n __fish_use_subcommand -f -a ${names.join(' ')} -d '${summary.replaceAll("'", '’')}'`]),
    ...(below.length === 0
      ? []
      : [
          `complete -c dfs -n '${seen(names)}; and not __fish_seen_subcommand_from ${below.join(' ')}' -f -a '${below.join(' ')}'`,
        ]),
    ...options.map((option) => `complete -c dfs -n '${seen(names)}' -l ${option.slice(2)}`),
  ]);
  return lines.join('\n');
}
