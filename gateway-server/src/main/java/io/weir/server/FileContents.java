package io.weir.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * What stood in some small files at one moment, as hashes: times and sizes miss a change within a tick, and a mounted secret
 * changes by a link elsewhere. Immutable, any thread.
 */
record FileContents(Map<Path, String> hashes) {
    static FileContents of(List<Path> files) {
        Map<Path, String> hashes = new HashMap<>();
        for (Path file : files) {
            hashes.put(file, hash(file));
        }
        return new FileContents(Map.copyOf(hashes));
    }

    /** Whether these files are the same in the other. */
    boolean isSame(FileContents other, List<Path> files) {
        return files.stream().allMatch(file -> hashes.getOrDefault(file, "").equals(other.hashes.get(file)));
    }

    private static String hash(Path file) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (IOException unreadable) {
            return "unreadable";
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
