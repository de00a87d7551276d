package io.weir.sample;

/**
 * Outcome of reading or staging one piece of input. {@link #OK} and {@link #UNKNOWN} are normal; all others are errors
 * of the input, each with a {@link #reason()} (a stable metric label) and a {@link #text()} for people.
 */
public enum Code {
    OK("ok", ""),
    /** The opaque key has not been seen: define the series by name and labels. */
    UNKNOWN("unknown", ""),

    // grammar
    EXPECTED_NAME("bad_metric_name", "expected a metric name [a-zA-Z_:][a-zA-Z0-9_:]*"),
    EXPECTED_LABEL_NAME("bad_label_name", "expected a label name [a-zA-Z_][a-zA-Z0-9_]*"),
    NAME_NOT_CLOSED("bad_metric_name", "name not closed, expected '\"'"),
    NO_NAME("bad_metric_name", "expected a metric name in quotes between the braces"),
    EXPECTED_EQUALS("bad_label", "expected '=' after the label name"),
    EXPECTED_QUOTE("bad_label", "expected '\"' before the label value"),
    LABEL_VALUE_NOT_CLOSED("bad_label", "label value not closed, expected '\"'"),
    BAD_ESCAPE("bad_escape", "bad escape sequence, only \\\\, \\\" and \\n exist"),
    EXPECTED_COMMA_OR_BRACE("bad_label", "expected ',' or '}' after the label value"),
    EXPECTED_VALUE("bad_value", "expected a number"),
    BAD_VALUE("bad_value", "not a number"),
    BAD_TIMESTAMP("bad_timestamp", "expected a timestamp in milliseconds or the end of the line"),
    TIMESTAMP_REFUSED("timestamp", "pushed timestamps are refused here (--push.timestamps=refuse)"),
    BAD_TYPE("bad_type", "unknown type, expected counter, gauge, histogram, summary or untyped"),
    SECOND_TYPE("second_type", "second TYPE line for this name, or TYPE after its samples"),
    BAD_COMMENT("bad_comment", "malformed HELP or TYPE line"),
    BAD_UTF8("bad_utf8", "invalid UTF-8"),
    BAD_JSON("bad_json", "the body starts with '\"' but is not one JSON string"),
    WRONG_SUFFIX("bad_sample_name", "this sample does not belong to the family of its TYPE line"),
    NO_LE("bad_histogram", "a _bucket sample needs a numeric le label"),
    NO_QUANTILE("bad_summary", "a summary sample needs a numeric quantile label"),

    // protobuf
    PROTOBUF("bad_protobuf", "not delimited io.prometheus.client.MetricFamily messages"),
    PROTOBUF_VALUE("bad_protobuf", "a metric has no value of its family's type"),
    PROTOBUF_TRUNCATED("bad_protobuf", "the body ends within a message"),

    // OpenMetrics
    OM_NO_EOF("om_eof", "the body does not end with '# EOF'"),
    OM_AFTER_EOF("om_eof", "text after '# EOF'"),
    OM_BLANK_LINE("om_line", "OpenMetrics has no blank lines"),
    OM_METADATA("om_metadata", "expected '# HELP name text', '# TYPE name type', '# UNIT name unit' or '# EOF'"),
    OM_TYPE("om_metadata", "unknown type, OpenMetrics has counter, gauge, histogram, gaugehistogram, stateset, info, summary, unknown"),
    OM_REPEATED("om_metadata", "metadata given twice, or after samples of its family"),
    OM_UNIT("om_metadata", "the unit is not the end of the family's name, or its type has none"),
    OM_CLASH("om_name", "this name is one of another family"),
    OM_SPACE("om_line", "expected one space"),
    OM_VALUE("om_value", "this value cannot be one of this type"),
    OM_LABEL("om_label", "the label that this type needs is missing or out of range"),
    OM_GROUPING("om_grouping", "samples of one metric must stand together, their times not falling"),
    OM_HISTOGRAM("bad_histogram", "not a histogram"),
    OM_EXEMPLAR("om_exemplar", "bad exemplar, expected ' # {labels} value' with or without a time, on a bucket or counter"),

    // line protocol (InfluxDB line protocol grammar)
    LP_MEASUREMENT("lp_measurement", "expected a measurement"),
    LP_TAG("lp_tag", "bad tag, expected key=value without spaces"),
    LP_DUPLICATE_TAG("lp_duplicate_tag", "the same tag key twice"),
    LP_FIELD("lp_field", "expected a field key=value"),
    LP_FIELD_VALUE("lp_field_value", "bad field value"),
    LP_STRING_NOT_CLOSED("lp_field_value", "string not closed, expected '\"'"),
    LP_TIMESTAMP("lp_timestamp", "bad timestamp"),
    LP_CONTROL_BYTE("lp_control_byte", "control byte outside a string"),

    // Logplex drains
    FRAME("bad_frame", "expected a frame: a length, a space and a syslog head"),
    FRAME_HEAD("bad_head", "expected a syslog head: <PRI>1 time host app process id"),
    FRAME_TOO_LONG("frame_too_long", "frame longer than the limit"),
    LOG_SAMPLE("bad_sample", "expected sample#key=value with a number and a known unit"),
    LOG_ROUTER("bad_router_line", "a router line without method and status"),
    LOG_BASE64("bad_base64", "not base64"),
    LOG_JSON("bad_json", "not JSON"),
    LOG_METRIC("bad_metric", "not a metric of Vector's model"),

    // meaning
    RESERVED_LABEL("reserved_label", "this label name is reserved"),
    DUPLICATE_LABEL("duplicate_label", "the same label name twice"),
    COUNTER_NEGATIVE("counter_negative", "a counter cannot go down"),
    COUNTER_NOT_FINITE("counter_not_finite", "a counter value must be a finite number"),
    LADDER_FALLS("bad_histogram", "cumulative bucket counts fall"),
    BUCKET_COUNT("bad_histogram", "bucket counts must be finite and not negative"),
    NATIVE_HISTOGRAM("bad_histogram", "not a native histogram"),
    HISTOGRAM_FORM("histogram_form", "native histograms do not add to classic ones"),
    TYPE_CONFLICT("type_conflict", "the family exists with another type"),
    SERIES_TWICE("duplicate_series", "the same series twice in one push"),
    NO_GROUP("no_group", "a series without the label that names its group"),
    OTHER_OWNER("other_group", "this series was pushed to another group, or without one"),

    // limits
    LINE_TOO_LONG("line_too_long", "line longer than the limit"),
    MESSAGE_TOO_LONG("message_too_long", "protobuf message longer than the limit"),
    NAME_TOO_LONG("name_too_long", "metric name longer than the limit"),
    LABEL_NAME_TOO_LONG("label_name_too_long", "label name longer than the limit"),
    LABEL_VALUE_TOO_LONG("label_value_too_long", "label value longer than the limit"),
    TOO_MANY_LABELS("too_many_labels", "more labels than the limit"),
    HELP_TOO_LONG("help_too_long", "help text longer than the limit"),
    TOO_MANY_BUCKETS("too_many_buckets", "more histogram buckets than the limit"),
    TOO_MANY_SAMPLES("too_many_samples", "more samples in one request than the limit"),
    TOO_MANY_GROUPS("too_many_groups", "more groups in one request than the limit"),
    SERIES_LIMIT("series_limit", "the series limit is reached"),
    FAMILY_SERIES_LIMIT("family_series_limit", "the series limit of one family is reached"),
    FAMILY_LIMIT("family_limit", "the limit of metric families is reached"),
    SERIES_ENDED("series_ended", "a series of this request ended while it was read, send it again"),
    TABLE_FULL("table_full", "no room for new series until the table is compacted, try again"),
    JOURNAL_FAILING("journal", "the journal cannot be written, nothing was applied");

    private final String reason;
    private final String text;

    Code(String reason, String text) {
        this.reason = reason;
        this.text = text;
    }

    /** Stable, low-cardinality word for {@code weir_ingest_rejected_total{reason}}. */
    public String reason() {
        return reason;
    }

    /** One clause for people, without position. */
    public String text() {
        return text;
    }

    public boolean isError() {
        return this != OK && this != UNKNOWN;
    }
}
