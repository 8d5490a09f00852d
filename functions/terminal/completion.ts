import { type CommandFlag, settingFlags } from '../../shared/command-line.ts'
import type { Command } from '../command.ts'
import { SHELLS, type Shell } from '../command-facts.ts'
import { PROGRAM, toFirstSentence } from './help.ts'

/** A word that may be completed to. */
interface Word {
  readonly name: string
  readonly doc: string
}

interface CompletedFlag extends Word {
  /** What may follow; empty: any text, for which the shell offers files; undefined: nothing follows. */
  readonly values: readonly string[] | undefined
}

interface CompletedCommand extends Word {
  readonly flags: readonly CompletedFlag[]
  readonly argument: readonly string[]
}

export const isShell = (text: string): text is Shell => SHELLS.some(shell => shell === text)

/** The script that a shell reads; it asks nobody while somebody types. */
export function toCompletion(shell: Shell, commands: readonly Command[]): string {
  const completed = [...commands.map(toCompleted), toHelp(commands)]
  const lines = { bash: toBash, zsh: toZsh, fish: toFish }[shell](completed)
  return `${lines.join('\n')}\n`
}

const toCompleted = ({ name, doc, flags, settings, argument }: Command): CompletedCommand => ({
  name,
  doc: toFirstSentence(doc),
  flags: [...flags, ...(settings ? settingFlags() : [])].map(toCompletedFlag),
  argument: argument?.values ?? [],
})

const toHelp = (commands: readonly Command[]): CompletedCommand => ({
  name: 'help',
  doc: 'Shows what a command does, and its flags.',
  flags: [],
  argument: commands.map(({ name }) => name),
})

const toCompletedFlag = ({ name, value, doc }: CommandFlag): CompletedFlag => ({
  name,
  doc: toFirstSentence(doc),
  values: value === undefined ? undefined : value.includes('|') ? value.split('|') : [],
})

/** As zsh names the function of a file in its $fpath. */
const FUNCTION = `_${PROGRAM}`

function toBash(commands: readonly CompletedCommand[]): string[] {
  const names = commands.map(({ name }) => name).join(' ')
  return [
    `# bash completion of ${PROGRAM}`,
    `${FUNCTION}() {`,
    '  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" words=""',
    // bash takes --flag=value apart at the =.
    '  if [[ "$cur" == "=" ]]; then cur=""',
    '  elif [[ "$prev" == "=" ]]; then prev="${COMP_WORDS[COMP_CWORD-2]}"; fi',
    `  if (( COMP_CWORD == 1 )); then words="${names}"`,
    '  else',
    '    case "$prev" in',
    ...toBashValues(commands.flatMap(({ flags }) => flags)),
    '      *) case "${COMP_WORDS[1]}" in',
    ...commands.map(
      ({ name, flags, argument }) =>
        `        ${name}) words="${[...argument, ...flags.map(flag => `--${flag.name}`)].join(' ')}" ;;`,
    ),
    '      esac ;;',
    '    esac',
    '  fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '}',
    `complete -o default -F ${FUNCTION} ${PROGRAM}`,
  ]
}

/** A flag takes the same values wherever it is taken: they stand by its name, those of any text in one line. */
function toBashValues(flags: readonly CompletedFlag[]): string[] {
  const byValues = Map.groupBy(flags, ({ values }) => values?.join(' '))
  return [...byValues].flatMap(([values, same]) => {
    const names = new Set(same.map(({ name }) => `--${name}`))
    return values === undefined ? [] : [`      ${[...names].join('|')}) words="${values}" ;;`]
  })
}

const toZsh = (commands: readonly CompletedCommand[]): string[] => [
  `#compdef ${PROGRAM}`,
  `${FUNCTION}() {`,
  '  local -a commands',
  '  commands=(',
  ...commands.map(({ name, doc }) => `    ${quote(`${name}:${doc.replaceAll(':', '\\:')}`)}`),
  '  )',
  '  if (( CURRENT == 2 )); then',
  '    _describe command commands',
  '    return',
  '  fi',
  '  shift words',
  '  (( CURRENT-- ))',
  '  case "$words[1]" in',
  ...commands.flatMap(({ name, flags, argument }) => [
    `    ${name}) _arguments ${['-A "-*"', ...flags.map(toZshFlag), ...toZshArgument(argument)].join(' ')} ;;`,
  ]),
  '  esac',
  '}',
  `if [[ "$funcstack[1]" == "${FUNCTION}" ]]; then ${FUNCTION} "$@"; else compdef ${FUNCTION} ${PROGRAM}; fi`,
]

function toZshFlag({ name, doc, values }: CompletedFlag): string {
  const told = doc.replaceAll(/[[\]\\:]/g, '\\$&')
  if (values === undefined) return quote(`--${name}[${told}]`)
  return quote(`--${name}=[${told}]:value:${values.length > 0 ? `(${values.join(' ')})` : '_files'}`)
}

const toZshArgument = (values: readonly string[]): string[] =>
  values.length > 0 ? [quote(`1:argument:(${values.join(' ')})`)] : []

const toFish = (commands: readonly CompletedCommand[]): string[] => [
  `# fish completion of ${PROGRAM}`,
  `complete -c ${PROGRAM} -f`,
  ...commands.flatMap(({ name, doc, flags, argument }) => {
    const inside = `complete -c ${PROGRAM} -n '__fish_seen_subcommand_from ${name}'`
    return [
      `complete -c ${PROGRAM} -n __fish_use_subcommand -a ${name} -d ${quote(doc)}`,
      ...(argument.length > 0 ? [`${inside} -a ${quote(argument.join(' '))}`] : []),
      ...flags.map(flag => `${inside} -l ${flag.name}${toFishValue(flag)} -d ${quote(flag.doc)}`),
    ]
  }),
]

function toFishValue({ values }: CompletedFlag): string {
  if (values === undefined) return ''
  return values.length > 0 ? ` -x -a ${quote(values.join(' '))}` : ' -r -F'
}

/** For a shell, in single quotes: nothing in them means anything. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
