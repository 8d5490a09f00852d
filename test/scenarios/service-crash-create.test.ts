import t from 'tap'
import { crashEverywhere } from './_crash.ts'
import { CREATED } from './_crash-stories.ts'

t.setTimeout(400_000)

crashEverywhere(t, CREATED)
