/** The doors: one file each, listed in {@link io.weir.server.door.Routes}. They reach the store through ingest and its commands. */
package io.weir.server.door;
