import { expect, it } from "vitest";
import { readInventory } from "./inventory.ts";

it("reads the ids of an inventory", () => {
  const ids = [
    "shop_web_apps_Deployment",
    "shop_web__Service",
    "_shop__Namespace",
    "_system__node_rbac.authorization.k8s.io_ClusterRole",
    "broken",
    "",
    "a_b_c_",
    3,
  ];
  expect(readInventory(ids.map((id) => ({ id, v: "v1" })))).toEqual([
    { namespace: "shop", name: "web", group: "apps", kind: "Deployment" },
    { namespace: "shop", name: "web", group: "", kind: "Service" },
    { namespace: "", name: "shop", group: "", kind: "Namespace" },
    { namespace: "", name: "system:node", group: "rbac.authorization.k8s.io", kind: "ClusterRole" },
  ]);
  expect(readInventory(undefined)).toEqual([]);
});
