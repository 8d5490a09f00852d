import t from 'tap'
import { crashEverywhere } from './_crash.ts'
import { MOVED } from './_crash-stories.ts'

t.setTimeout(400_000)

crashEverywhere(t, MOVED)
