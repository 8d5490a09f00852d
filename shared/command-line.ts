import { parseArgs } from 'node:util'
import { SETTINGS, type SettingName, toFileFlag, toFlag } from './config.ts'
import { findNearest } from './nearest.ts'
import { toPrintable } from './printable.ts'
import type { Setting } from './settings.ts'
import { SECRET_FILE_ENV, SECRET_FILE_FLAG } from './sources.ts'

/** A flag of one command, besides those of the settings. */
export interface CommandFlag {
  readonly name: string
  /** Stands for the value in the help; absent for a switch. */
  readonly value?: string
  readonly doc: string
}

/** What a command line may hold after its command. */
export interface CommandFlags {
  /** Name of the command, for messages. */
  readonly name: string
  readonly flags: readonly CommandFlag[]
  /** Whether the flags of the settings are taken as well. */
  readonly settings: boolean
  /** What stands after the command without a flag; without it nothing does. */
  readonly argument?: CommandArgument | undefined
}

/** One of a few words that has to be given. */
export interface CommandArgument {
  /** Stands for the value in messages. */
  readonly name: string
  readonly values: readonly string[]
}

/** A command line that was taken apart. */
export interface CommandLine {
  /** As it was given, without the command. */
  readonly argv: readonly string[]
  readonly flags: Readonly<Record<string, string>>
  readonly switches: ReadonlySet<string>
  /** What was given without a flag, where the command takes that. */
  readonly argument?: string | undefined
  /** Unknown flags and missing values, to be told with all other problems. */
  readonly problems: readonly string[]
}

/** Flags that every setting has, with their help. */
export function settingFlags(): readonly CommandFlag[] {
  const names = Object.keys(SETTINGS) as SettingName[]
  return [
    {
      name: SECRET_FILE_FLAG,
      value: 'F',
      doc: `Secret file, JSON or YAML, whose fields are settings (or ${SECRET_FILE_ENV}).`,
    },
    ...names.map(name => {
      const { doc }: Setting<unknown> = SETTINGS[name]
      const flag = toFlag(name)
      return flag === undefined
        ? { name: toFileFlag(name) ?? '', value: 'F', doc: `File with: ${doc}` }
        : { name: flag, value: 'V', doc }
    }),
  ]
}

/** The one flag that is also known by a letter, in the forms that programs of Kubernetes take: `-v 4`, `-v=4`, `-v4`. */
const VERBOSITY = 'v'

const spellOut = (argument: string): string =>
  argument.replace(/^-v(?:=?(\d+))?$/, (_, given?: string) =>
    given === undefined ? `--${VERBOSITY}` : `--${VERBOSITY}=${given}`,
  )

/** As much of an unknown flag as is told. */
const MAX_SHOWN = 100

/** Takes the arguments after the command apart. Never throws: whatever is wrong is a problem, told without values. */
export function readCommandLine(command: CommandFlags, argv: readonly string[]): CommandLine {
  const known = [...command.flags, ...(command.settings ? settingFlags() : [])]
  const options = Object.fromEntries(
    known.map(({ name, value }) => [name, { type: value === undefined ? 'boolean' : 'string' } as const]),
  )
  const { tokens } = parseArgs({
    args: known.some(({ name }) => name === VERBOSITY) ? argv.map(spellOut) : [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const flags: Record<string, string> = {}
  const switches = new Set<string>()
  const problems: string[] = []
  const argument = command.argument && tokens.find(token => token.kind === 'positional')
  for (const token of tokens) {
    if (token === argument) continue
    const problem = findProblem(token, command.name, known, tokens)
    if (problem !== undefined) problems.push(problem)
    else if (token.kind !== 'option') continue
    else if (token.value === undefined) switches.add(token.name)
    else flags[token.name] = token.value
  }
  if (!command.argument) return { argv, flags, switches, problems }
  const { name, values } = command.argument
  if (!argument || !values.includes(argument.value))
    problems.push(`${name}: expected one of ${values.join(', ')}`)
  return { argv, flags, switches, problems, argument: argument?.value }
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number]

function findProblem(
  token: Token,
  command: string,
  known: readonly CommandFlag[],
  tokens: readonly Token[],
): string | undefined {
  if (token.kind === 'option-terminator') return undefined
  const isUnknown = (other: Token): boolean =>
    other.kind === 'option' && !known.some(({ name }) => name === other.name)
  if (token.kind === 'positional') {
    // After a flag that nobody knows, it is most likely that flag's value.
    const follows = tokens.some(other => isUnknown(other) && other.index === token.index - 1)
    return follows ? undefined : `argument ${token.index + 1} after ${command} is not expected`
  }
  if (isUnknown(token))
    return `${toPrintable(token.rawName.slice(0, MAX_SHOWN))} is no flag of ${command}${hintFor(token.name, known)}`
  const takesValue = known.find(({ name }) => name === token.name)?.value !== undefined
  if (!takesValue) return token.value === undefined ? undefined : `--${token.name} takes no value`
  const isMissing = token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))
  return isMissing ? `--${token.name} needs a value` : undefined
}

/** Secrets are no flags, but their files are. */
function hintFor(name: string, known: readonly CommandFlag[]): string {
  if (known.some(flag => flag.name === `${name}-file`))
    return ` (everybody could read it: use --${name}-file)`
  const names = known.map(flag => flag.name)
  const nearest = name.length > MAX_SHOWN ? undefined : findNearest(name, names)
  return nearest === undefined ? '' : ` (did you mean --${nearest}?)`
}
