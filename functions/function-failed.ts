/** What the platform is told of an invocation that failed, so that it counts it; the log has told the rest. */
export class FunctionFailed extends Error {
  readonly code: string

  constructor(name: string, code: string) {
    super(`${name} failed: ${code}`)
    this.name = 'FunctionFailed'
    this.code = code
    // The platform would log it with everything else.
    this.stack = ''
  }
}
