import { ANNOUNCER_STORIES } from './announcer-stories.ts'
import { NODE_STORIES } from './node-stories.ts'
import { ODD_STORIES } from './odd-stories.ts'
import { SERVICE_STORIES } from './service-stories.ts'
import type { Story } from './stage.ts'

/** Short stories that show mutations; without one they end well. */
export const STORIES: readonly Story[] = [
  ...SERVICE_STORIES,
  ...ANNOUNCER_STORIES,
  ...NODE_STORIES,
  ...ODD_STORIES,
]

/** @throws Error for a name that is not among them */
export function findStory(name: string): Story {
  const story = STORIES.find(other => other.name === name)
  if (!story) throw new Error(`there is no story ${JSON.stringify(name)}`)
  return story
}
