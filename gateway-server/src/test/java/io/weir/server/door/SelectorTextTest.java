package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.weir.store.Selectors.Condition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectorTextTest {
    private static List<Condition> read(String text) throws SelectorText.BadSelector {
        return SelectorText.read(List.of(text)).alternatives().get(0);
    }

    private static boolean accepts(Condition condition, String value) {
        byte[] bytes = ("<" + value + ">").getBytes(UTF_8);
        return condition.test().accepts(bytes, 1, bytes.length - 2);
    }

    private static String labels(List<Condition> conditions) {
        return conditions.stream()
                .map(c -> c.label() == null ? "__name__" : new String(c.label(), UTF_8))
                .collect(Collectors.joining(" "));
    }

    @ParameterizedTest
    @CsvSource(delimiterString = " -> ", quoteCharacter = '\u0001', ignoreLeadingAndTrailingWhitespace = false, value = {
        "up -> __name__",
        "  up   -> __name__",
        "a:b_9{} -> __name__",
        "up{job=\"a\"} -> __name__ job",
        "up { job = 'a' , b!=`c` , }  -> __name__ job b",
        "{job=~\"a.+\",__name__!~\"x\"} -> job __name__",
        "{__name__=\"a b\",c=\"\"} -> __name__ c",
        "{\"a b\"} -> __name__",
        "{\"a b\",\"c d\"=\"e\"} -> __name__ c d",
        "{\"c d\"=\"e\",\"a b\"} -> c d __name__",
        "{__name__!=\"\"} -> __name__",
    })
    void shouldReadSelectors(String text, String labels) throws Exception {
        assertThat(labels(read(text))).isEqualTo(labels);
    }

    @ParameterizedTest
    @CsvSource(delimiterString = " -> ", quoteCharacter = '\u0001', ignoreLeadingAndTrailingWhitespace = false, value = {
        // strings, as Go has them
        "{a=\"b\"} -> b -> bb",
        "{a=\"x\\\"\\\\\\t\"} -> x\"\\\t -> x",
        "{a='it's'} -> - -> -",
        "{a='it\\'s \"q\"'} -> it's \"q\" -> its",
        "{a=`\\n`} -> \\n -> n",
        "{a=\"\\x41\\102\\u00fc\\U0001F600\"} -> ABü😀 -> AB",
        "{a=\"\\xc3\\xbc\"} -> ü -> u",
        // regular expressions match the whole value, any character is a character
        "{a=~\"b|cd\"} -> cd -> bcd",
        "{a=~\"b.d\"} -> b\td -> xbd",
        "{a=~\"(?i:B)\"} -> b -> c",
        "{a!~\"b.*|\"} -> c -> bc",
        "{a=~\"\\\\d+\"} -> 12 -> 1a",
        "{a!=\"b\",c=\"d\"} -> x -> b",
    })
    void shouldTestValues(String text, String good, String bad) throws Exception {
        if (good.equals("-")) {
            assertThatThrownBy(() -> read(text)).hasMessageContaining("column 8: unexpected \"s\", a comma or }");
            return;
        }
        Condition first = read(text).get(0);
        assertThat(accepts(first, good)).as(good).isTrue();
        assertThat(accepts(first, bad)).as(bad).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiterString = " -> ", quoteCharacter = '\u0001', ignoreLeadingAndTrailingWhitespace = false, value = {
        " -> a selector must have",
        "{} -> a selector must have",
        "{a=\"\"} -> a selector must have",
        "{a=~\".*\"} -> a selector must have",
        "{a!=\"b\"} -> a selector must have",
        "{a!~\"b\"} -> a selector must have",
        "{__name__=~\".*\"} -> a selector must have",
        "{,} -> column 2: a label name comes here, not \",\"",
        "9a -> column 1: unexpected \"9\", a metric name or { comes first",
        "a-b -> column 2: unexpected \"-\"",
        "up[5m] -> column 3: unexpected \"[\"",
        "up{ -> column 4: } is missing",
        "up{a -> column 5: one of =, !=, =~ and !~ comes after a label name",
        "up{a:b=\"c\"} -> column 5: one of =, !=, =~ and !~ comes after a label name, not \":\"",
        "up{a==\"b\"} -> column 5: one of =, !=, =~ and !~ comes after a label name, not \"=\"",
        "up{a=b} -> column 6: a value in quotes comes after =",
        "up{a= -> column 6: a value in quotes comes after =",
        "up{a=\"b} -> column 6: this string has no end",
        "up{a=\"b\" c=\"d\"} -> column 10: unexpected \"c\", a comma or } comes here",
        "up{a=\"b\"} x -> column 11: unexpected \"x\"",
        "ü -> column 1: unexpected \"ü\"",
        "{a=\"ü\",ö=\"\"} -> column 8: a label name comes here, not \"ö\"",
        "up{__name__=\"down\"} -> column 13: the metric name is given twice",
        "{\"a\",\"b\"} -> column 6: the metric name is given twice",
        "{\"\"} -> column 2: the metric name is empty",
        "{a=\"\\q\"} -> column 5: unknown escape sequence",
        "{a=\"\\u12\"} -> column 5: unknown escape sequence",
        "{a=\"\\777\"} -> column 5: unknown escape sequence",
        "{a=\"\\ud800\"} -> column 5: no character has this number",
        "{a=\"\\xff\"} -> column 4: this string is not UTF-8",
        "{a=~\"(\"} -> column 5: no regular expression of RE2: missing closing ) in (",
        "{a=~\"(?=a)\"} -> column 5: no regular expression of RE2: invalid or unsupported Perl syntax in (?=",
        "{a=~\"\\\\1\"} -> column 5: no regular expression of RE2: invalid escape sequence in \\1",
    })
    void shouldSayWhatIsWrongAndWhere(String text, String problem) {
        String selector = text == null ? "" : text;
        assertThatThrownBy(() -> read(selector))
                .isInstanceOf(SelectorText.BadSelector.class)
                .hasMessageStartingWith("in match[]=" + selector + ": ")
                .hasMessageContaining(problem);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "((x{1000}){1000}){1000}", "((((x{0,9}){9}){9}){9}){9}", "\\Q[\\E((x{1000}){1000}){1000}\\Q]\\E", "([^]]{1000}){1000}",
        "(?:[[:alpha:]\\]]{1000}){1000}", "(\\x{41}{1000}){1000}", "(\\pL{1000}){1000}", "x{1000}y{1000}z{1000}", "((a*)+?{1000}){1000}",
    })
    void shouldRefuseWhatWouldFillTheMemoryBeforeItDoes(String regex) {
        assertThatThrownBy(() -> read("{a=~`" + regex + "`}")).isInstanceOf(SelectorText.BadSelector.class);
    }

    @Test
    void shouldRefuseWhatIsTooLongTooDeepOrTooMuch() {
        assertThatThrownBy(() -> read("{a=~\"" + "x".repeat(1025) + "\"}")).hasMessageContaining("longer than the limit (1024");
        assertThatThrownBy(() -> read("{a=~\"" + "(".repeat(500) + "x" + ")".repeat(500) + "\"}"))
                .hasMessageContaining("more than 2000 steps");
        assertThatThrownBy(() -> read("{" + "a=\"b\",".repeat(65) + "}")).hasMessageContaining("conditions than the limit (64)");
        assertThatThrownBy(() -> SelectorText.read(Collections.nCopies(65, "up"))).hasMessageContaining("limit (64)");
    }

    @Test
    void shouldTakeTimeInProportionToTheValueWhateverTheExpression() throws Exception {
        // hours with backtracking
        for (String regex : List.of("(a*)*b", "(a|a)*b", "(a|aa)+b", "(a?){30}a{30}b", "(.*)(.*)(.*)(.*)(.*)b")) {
            assertThat(accepts(read("{x=~\"" + regex + "\"}").get(0), "a".repeat(3000))).as(regex).isFalse();
        }
    }

    /** A bound that is none would let a small text fill the memory. */
    @Property(tries = 3000)
    void shouldNeverExpectLessThanTheCompilerMakes(
            @ForAll @StringLength(max = 14) @Chars({'a', '.', '(', ')', '[', ']', '^', '|', '*', '+', '?', '{', '}', '2', '9', ',', '\\', 'Q', 'E', ':', 'p', 'L'})
            String regex) {
        List<Integer> sizes = new ArrayList<>();
        if (RegexSize.bound(regex) < 100_000) {
            catchThrowable(() -> sizes.add(com.google.re2j.Pattern.compile(regex).programSize()));
        }
        if (!sizes.isEmpty()) {
            assertThat((long) sizes.get(0)).as(regex).isLessThanOrEqualTo(RegexSize.bound(regex) + 4);
        }
    }
}
