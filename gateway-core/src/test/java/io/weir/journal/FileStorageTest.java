package io.weir.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileStorageTest {
    @TempDir
    private Path directory;

    @Test
    void shouldReadBackWhatItWroteAndStopAtTheEnd() throws IOException {
        byte[] written = random((3 << 20) + 17);
        FileStorage storage = new FileStorage(directory);
        write(storage, written);
        try (Storage.Input in = storage.open("file")) {
            byte[] read = new byte[written.length + 100];
            assertThat(in.size()).isEqualTo(written.length);
            assertThat(in.read(0, read, 5, read.length - 5)).isEqualTo(written.length);
            assertThat(Arrays.equals(read, 5, 5 + written.length, written, 0, written.length)).isTrue();

            assertThat(in.read(written.length - 10, read, 0, 100)).isEqualTo(10);
            assertThat(in.read(written.length, read, 0, 100)).isZero();
        }
    }

    /** The JDK passes arrays through a direct buffer that it keeps for the thread, as large as the largest call. */
    @Test
    void shouldNotLeaveDirectMemoryOfTheSizeOfAFrameBehind() throws IOException {
        byte[] frame = random(64 << 20);
        FileStorage storage = new FileStorage(directory);
        long before = direct();
        write(storage, frame);
        try (Storage.Input in = storage.open("file")) {
            assertThat(in.read(0, frame, 0, frame.length)).isEqualTo(frame.length);
        }
        assertThat(direct() - before).isLessThan(4 << 20);
    }

    @Test
    void shouldGrowAFileAheadOfSmallWritesAndEndItWhereTheyEnd() throws IOException {
        byte[] written = random((1 << 20) + 17);
        FileStorage storage = new FileStorage(directory);
        Random random = new Random(1);
        try (Storage.Output out = storage.createToGrow("file")) {
            int at = 0;
            while (at < written.length) {
                int n = Math.min(written.length - at, random.nextInt(random.nextInt(10) == 0 ? 500_000 : 5_000));
                out.write(written, at, n);
                at += n;
                if (random.nextInt(5) == 0) {
                    // what a failed write would have left
                    int back = random.nextInt(Math.min(at, 100_000) + 1);
                    at -= back;
                    out.truncate(at);
                }
                try (Storage.Input in = storage.open("file")) {
                    assertThat(in.size()).isBetween((long) at, at + (64L << 10));
                }
                assertThat(storage.isBlank("file", at)).isTrue();
            }
        }
        try (Storage.Input in = storage.open("file")) {
            byte[] read = new byte[written.length];
            assertThat(in.size()).isEqualTo(written.length);
            in.read(0, read, 0, read.length);
            assertThat(read).isEqualTo(written);
        }
    }

    private static void write(FileStorage storage, byte[] bytes) throws IOException {
        try (Storage.Output out = storage.create("file")) {
            out.write(bytes, 0, bytes.length);
        }
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static long direct() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }
}
