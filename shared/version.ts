/** Version of this program, the same as in package.json: a single-file binary has no package.json to read. */
export const VERSION = '0.1.0'
