const BREAKS = /[\t-\r\u0085\u2028\u2029]+/gu
/** C0, DEL and C1; and those that turn the direction of what follows. */
const CONTROLS = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu

/**
 * Text that others wrote, such as a name or an error's message, for one line of a terminal or a report: it can neither
 * end the line nor move the cursor. JSON is for programs, and has what was there.
 *
 * @returns the text with a space for line breaks and tabs, and without other control characters
 */
export const toPrintable = (text: string): string => text.replace(BREAKS, ' ').replace(CONTROLS, '')

/** Every problem of a command line with all settings in it is shorter; whatever is longer repeats what somebody sent. */
const MAX_LINE = 8192

/** As `toPrintable`, and no longer than a terminal or a log should be made to take. */
export const toShortLine = (text: string): string =>
  toPrintable(text.length <= MAX_LINE ? text : `${text.slice(0, MAX_LINE - 1)}…`)
