package io.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** NOTICE speaks of the versions that the build ships. */
class NoticeTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Map<String, String> WORKS = Map.ofEntries(
            Map.entry("netty", "Netty"),
            Map.entry("agrona", "Agrona"),
            Map.entry("jctools", "JCTools"),
            Map.entry("jackson", "Jackson core"),
            Map.entry("snakeyaml-engine", "SnakeYAML Engine"),
            Map.entry("hdrhistogram", "HdrHistogram"),
            Map.entry("fastdoubleparser", "FastDoubleParser"),
            Map.entry("zstd-jni", "zstd-jni"),
            Map.entry("slf4j", "SLF4J"),
            Map.entry("logback", "Logback classic and core"),
            Map.entry("re2j", "RE2/J"),
            Map.entry("bcrypt", "bcrypt"));

    @Test
    void shouldNameEveryShippedWorkWithItsVersion() throws IOException {
        String pom = Files.readString(ROOT.resolve("pom.xml"));
        String notice = Files.readString(ROOT.resolve("NOTICE"));
        WORKS.forEach((property, work) -> {
            Matcher version = Pattern.compile("<" + property + "\\.version>(.*?)<").matcher(pom);
            assertThat(version.find()).as(property + ".version in pom.xml").isTrue();
            assertThat(notice).containsPattern("\n  " + work + " +" + Pattern.quote(version.group(1)) + " ");
        });
    }
}
