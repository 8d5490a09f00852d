import type { ErrorCode } from '../../errors.ts'

/** What keeps a Service from being served as its user wishes; for a Warning event and for kubectl. */
export interface Problem {
  readonly code: ErrorCode
  /** What is wrong and what to do, in at most 256 characters: the API server cuts warnings there. */
  readonly message: string
}

const MAX_MESSAGE = 256

export const toProblem = (code: ErrorCode, message: string): Problem => ({
  code,
  message: message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`,
})

/** What a user wrote, short enough to leave room for what is said about it. */
export const quote = (text: string): string =>
  JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 59)}…`)
