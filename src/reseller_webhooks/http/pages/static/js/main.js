// What makes the pages nicer. Everything works without.
import { tellTimes } from "./times.js";
import { offerCopying } from "./copying.js";
import { offerShowing } from "./showing.js";
import { sendOnce } from "./sending.js";
import { followProgress } from "./progress.js";
import { followLog } from "./log.js";
import { askInZone } from "./zones.js";
import { offerSearching } from "./choosing.js";

tellTimes();
offerCopying();
offerShowing();
offerSearching();
sendOnce();
askInZone();
followProgress();
followLog();
