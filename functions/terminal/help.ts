import { type CommandFlag, settingFlags } from '../../shared/command-line.ts'
import type { Command } from '../command.ts'
import { toRows, toWrapped } from './wrap.ts'

export const PROGRAM = 'cloud-provider-phoenixnap'

/** Every command in a line: the first sentence of what it does. */
export const toHelpText = (commands: readonly Command[], columns: number): string =>
  [
    `Usage: ${PROGRAM} <command> [flags]`,
    '',
    ...toRows(
      commands.map(({ name, doc }) => [name, toFirstSentence(doc)]),
      columns,
    ),
    '',
    `Flags of a command: ${PROGRAM} help <command>`,
    '',
  ].join('\n')

/** What a list of many has room for. */
export const toFirstSentence = (doc: string): string =>
  /^.*?[.:](?= |$)/.exec(doc)?.[0].replace(/:$/, '.') ?? doc

/** What a command does, its flags, exit codes, and where its settings stand. */
export function toCommandHelp(command: Command, columns: number): string {
  const { name, doc, flags, settings, argument, exits } = command
  const usage = [PROGRAM, name, ...(argument ? [argument.values.join('|')] : [])]
  return [
    `Usage: ${usage.join(' ')}${flags.length > 0 || settings ? ' [flags]' : ''}`,
    '',
    ...toWrapped('', doc, columns),
    ...toFlagLines('Flags:', flags, columns),
    '',
    'Exit codes:',
    ...toRows(Object.entries(toAllExits(exits)), columns),
    ...(settings ? toFlagLines('Settings:', settingFlags(), columns) : []),
    '',
  ].join('\n')
}

const toFlagLines = (title: string, flags: readonly CommandFlag[], columns: number): string[] =>
  flags.length === 0
    ? []
    : [
        '',
        title,
        ...toRows(
          flags.map(flag => [toUsage(flag), flag.doc]),
          columns,
        ),
      ]

const WRONG_USAGE = 'wrong usage, settings or kubeconfig'

/** Exit codes of a command, with the one that all have in common. */
export const toAllExits = (exits: Command['exits']): Readonly<Record<string, string>> => ({
  ...exits,
  2: exits[2] === undefined ? WRONG_USAGE : `${exits[2]}; ${WRONG_USAGE}`,
})

/** A flag as it is written. */
export const toUsage = ({ name, value }: CommandFlag): string =>
  value === undefined ? `--${name}` : `--${name} ${value}`
