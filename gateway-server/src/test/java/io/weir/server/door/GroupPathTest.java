package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Limits;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The grammar of grouping paths. */
class GroupPathTest {
    private final GroupPath path = new GroupPath(Limits.DEFAULTS);

    private String read(String rest) {
        String problem = path.read("/metrics/" + rest, "/metrics/".length());
        return problem != null ? "! " + problem : new String(path.key(), 0, path.keyLength(), UTF_8);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
            job/a                              | job="a"
            job/a/                             | job="a"
            job/a/instance/i                   | instance="i",job="a"
            job/a/instance/i/                  | instance="i",job="a"
            job/a/instance/                    | instance="",job="a"
            job/a/z/1/b/2                      | b="2",job="a",z="1"
            job/a/z/1/z/2                      | job="a",z="2"
            job/a/job/b                        | job="a"
            job/a%2Fb                          | job="a/b"
            job/a%2Fb/p/%2Fvar%2Ftmp           | job="a/b",p="/var/tmp"
            job/a%20b+c                        | job="a b+c"
            job/%E2%82%AC                      | job="€"
            job/a%0Ab                          | job="a\\nb"
            job/a%22%5C                        | job="a\\"\\\\"
            job@base64/L3Zhci90bXA             | job="/var/tmp"
            job@base64/L3Zhci90bXA=            | job="/var/tmp"
            job@base64/L3Zhci90bXA====         | job="/var/tmp"
            job@base64/YQ                      | job="a"
            job@base64/YQ==                    | job="a"
            job/a/x@base64/=                   | job="a",x=""
            job/a/x@base64/                    | job="a",x=""
            job/a/x%40base64/YQ                | job="a",x="a"
            job/a/x@base64/--__                | ! invalid UTF-8 in the value of label x
            job/a/x@base64/w7w_                | job="a",x="ü?"
            job/a/U__a__b/1                    | a_b="1",job="a"
            job/a/U__a_5f_b@base64/YQ          | a_b="a",job="a"
            job/a/U__foo_2e_bar/1              | "foo.bar"="1",job="a"
            job/a/U__foo_2e_bar@base64/YQ/b/c  | b="c","foo.bar"="a",job="a"
            job/a/U__a_22__5c__a_b_1f600_/1    | "a\\"\\\\\\nb😀"="1",job="a"
            job/a/U__a_d800_/1                 | U__a_d800_="1",job="a"
            job/a/U__foo_2e_bar/1/U__foo_2e_bar/2 | "foo.bar"="2",job="a"
            job/a/U__a_zz_/1                   | U__a_zz_="1",job="a"
            job/a/U______x/1                   | ! improper label name "__x"
            job/a/U__/1                        | U__="1",job="a"
            job                                | ! job name is required
            job/                               | ! job name is required
            job@base64/=                       | ! job name is required
            job//a/b                           | ! job name is required
            job/a/b                            | ! odd number of components in label string "/b"
            job/a/b/c/d                        | ! odd number of components in label string "/b/c/d"
            job/a//b/c                         | ! improper label name ""
            job/a//x                           | ! improper label name ""
            job/a/a-b/1                        | ! improper label name "a-b"
            job/a/__x/1                        | ! improper label name "__x"
            job/a/__name__/1                   | ! improper label name "__name__"
            job/a/1a/1                         | ! improper label name "1a"
            job/a/@base64/YQ                   | ! improper label name ""
            job/%zz                            | ! '%' must be followed by two hexadecimal digits
            job/a/x@base64/foo.bar             | ! invalid base64 encoding for label x="foo.bar": illegal base64 data at input byte 3
            job@base64/a+b/                    | ! invalid base64 encoding in job name "": illegal base64 data at input byte 1
            job@base64/YQa                     | job="a\\u0006"
            job@base64/YWFhY                   | ! invalid base64 encoding in job name "": illegal base64 data at input byte 5
            """)
    void shouldReadPathsAsTheReferenceDoes(String rest, String expected) {
        assertThat(read(rest)).isEqualTo(expected.equals("job=\"a\\u0006\"") ? "job=\"a\u0006\"" : expected);
    }

    @Test
    void shouldHoldTheLimits() {
        assertThat(read("job/" + "a".repeat(4097))).isEqualTo("! label value longer than the limit (4096 bytes)");
        assertThat(read("job/a/" + "b".repeat(129) + "/1")).isEqualTo("! label name longer than the limit (128 bytes)");
        StringBuilder many = new StringBuilder("job/a");
        for (int i = 0; i < 39; i++) {
            many.append("/l").append(i).append("/1");
        }
        assertThat(read(many.toString())).startsWith("job=\"a\",l0=\"1\"");
        assertThat(read(many + "/l39/1")).isEqualTo("! more labels than the limit (40)");
    }

    /** Any labels, written in each of the ways in which clients write them, come back; and anything at all is read without harm. */
    @Test
    void shouldReadBackWhatClientsWrite() {
        long seed = Long.getLong("weir.fuzz.seed", System.nanoTime());
        Random random = new Random(seed);
        String alphabet = "ab/_=-+.~ %\"\\\n\u0000é€😀";
        int[] points = alphabet.codePoints().toArray();
        for (int round = 0; round < 20_000; round++) {
            Map<String, String> labels = new TreeMap<>();
            StringBuilder rest = new StringBuilder();
            for (int i = random.nextInt(5); i >= 0; i--) {
                String name = rest.length() == 0 ? "job" : "l" + random.nextInt(9);
                if (labels.containsKey(name)) {
                    continue;
                }
                StringBuilder plain = new StringBuilder();
                for (int n = name.equals("job") ? 1 + random.nextInt(6) : random.nextInt(7); n > 0; n--) {
                    plain.appendCodePoint(points[random.nextInt(points.length)]);
                }
                String value = plain.toString();
                labels.put(name, value);
                boolean base64 = random.nextBoolean();
                rest.append(rest.length() == 0 ? "" : "/").append(name).append(base64 ? "@base64" : "").append('/');
                byte[] bytes = value.getBytes(UTF_8);
                if (!base64) {
                    rest.append(URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20"));
                } else if (bytes.length == 0 && random.nextBoolean()) {
                    rest.append('=');
                } else {
                    Base64.Encoder encoder = Base64.getUrlEncoder();
                    rest.append((random.nextBoolean() ? encoder : encoder.withoutPadding()).encodeToString(bytes));
                }
            }
            StringBuilder expected = new StringBuilder();
            labels.forEach((name, value) -> expected.append(expected.length() == 0 ? "" : ",").append(name).append("=\"")
                    .append(value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")).append('"'));
            assertThat(read(rest.toString())).as("seed %d: %s", seed, rest).isEqualTo(expected.toString());

            char[] harm = rest.toString().toCharArray();
            for (int i = 0; i < 3; i++) {
                harm[random.nextInt(harm.length)] = "/%@=_U4z\"".charAt(random.nextInt(9));
            }
            read(new String(harm));
        }
    }
}
