// Where the page has what it shows from: a server that is asked, or the file that it stands in. Both give the same:
// rows, and on demand the answers of the captured API.
import * as live from "./live.js";
import * as file from "./file.js";

export { connections, evicted, held, limit, older, paused, reading, restarted, rows, state } from "./rows.js";

/** Whether this is a report: a file that nothing is added to. */
export const isReport = file.isThere();

export const { address, connect, envelope, findings, forget, judge, object, pause, trace } = isReport ? file : live;
export const { report, failure } = file;
export const { GONE } = live;
