/** Commands of this program, in the order of the help; by them it is known where it runs. */
export const COMMAND_NAMES = [
  'serve',
  'resync',
  'status',
  'register',
  'doctor',
  'migrate',
  'cleanup',
  'unregister',
  'simulate',
  'demo',
  'completion',
  'version',
] as const

export type CommandName = (typeof COMMAND_NAMES)[number]
