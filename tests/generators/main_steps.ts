// The main steps of an integration, with types and client of openapi-typescript.
import createClient from "openapi-fetch";
import type { paths } from "./build/api.js";

const client = (key: string) =>
  createClient<paths>({ baseUrl: process.env.URL!, headers: { authorization: `Bearer ${key}` } });

function require<T>(answer: { data?: T; error?: unknown }): NonNullable<T> {
  if (!answer.data) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const reseller = client(process.env.RESELLER_KEY!);
const platform = client(process.env.PLATFORM_KEY!);

const added = require(
  await reseller.POST("/api/v1/webhooks", {
    body: { url: "https://127.0.0.1:9/in", resource: "COMPANY", actions: ["ADDED"], auth: { type: "TOKEN", token: "t" } },
  }),
);
const path = { id: added.id };
await reseller.PATCH("/api/v1/webhooks/{id}", { params: { path }, body: { actions: ["ADDED", "CHANGED"] } });
const changed = require(await reseller.GET("/api/v1/webhooks/{id}", { params: { path } }));

const company = { type: "COMPANY" as const, uuid: "c-1", content: { name: "Acme" } };
const written = require(
  await platform.POST("/api/v1/changes", { body: { changes: [{ reseller: process.env.RESELLER!, ...company }] } }),
);
const event = require(
  await reseller.GET("/api/v1/events/{id}", { params: { path: { id: written.results[0]!.event! } } }),
);
const log = require(await reseller.GET("/api/v1/deliveries", { params: { query: { resourceUuid: "c-1" } } }));
const snapshot = require(await reseller.GET("/api/v1/sync/{type}", { params: { path: { type: "COMPANY" } } }));
const digest = require(await reseller.GET("/api/v1/sync/{type}/digest", { params: { path: { type: "COMPANY" } } }));
const refused = await reseller.POST("/api/v1/webhooks", {
  body: { url: "ftp://nowhere", resource: "COMPANY", actions: ["ADDED"], auth: { type: "NONE" } },
});

console.log(
  JSON.stringify({
    url: changed.url,
    actions: changed.actions,
    auth: changed.auth.type,
    version: event.version,
    deliveries: log.items.length,
    records: snapshot.items.map((record) => record.uuid),
    count: digest.count,
    pointer: refused.error?.errors?.[0]?.pointer,
  }),
);
