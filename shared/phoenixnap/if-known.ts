import { hasCode } from '../errors.ts'

/** What is read by its id; undefined where BMC says that the account has no such thing: with 403, or with 404. */
export async function ifKnown<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (hasCode(error, 'BMC_FORBIDDEN', 'BMC_NOT_FOUND')) return undefined
    throw error
  }
}
