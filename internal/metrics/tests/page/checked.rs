//! The checker itself: what Prometheus refuses must not pass it.

use crate::checker::Exposition;

#[test]
fn a_sound_page_is_read() {
    let text = "# HELP a b\n# TYPE a counter\na{x=\"1\",y=\"2\"} 1\na{x=\"2\",y=\"2\"} 2.5\n\
                # HELP h c d\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n\
                h_sum 3\nh_count 2\n";
    let page = Exposition::parse(text).unwrap();
    assert_eq!(page.families().collect::<Vec<_>>(), [("a", "counter"), ("h", "histogram")]);
    assert_eq!(page.samples().count(), 6);
    assert_eq!(page.value("a{x=\"2\",y=\"2\"}"), Some(2.5));
}

#[test]
fn the_checker_refuses_what_prometheus_refuses() {
    for (text, why) in [
        ("a_total 1\n", "a sample before HELP and TYPE"),
        ("# HELP a b\na 1\n", "no TYPE"),
        ("# HELP a b\n# TYPE a counter\n", "no sample"),
        ("# HELP a b\n# TYPE a thing\na 1\n", "an unknown type"),
        ("# HELP a b\n# TYPE a counter\na 1", "no end of line"),
        ("# HELP 1a b\n# TYPE 1a counter\n1a 1\n", "a bad name"),
        ("# HELP a b\n# TYPE a counter\na one\n", "no number"),
        ("# HELP a b\n# TYPE a counter\na 1\na 1\n", "a series twice"),
        ("# HELP a b\n# TYPE a counter\na{x=1} 1\n", "a value without quotes"),
        ("# HELP a b\n# TYPE a counter\na{x-y=\"1\"} 1\n", "a bad label"),
        ("# HELP a b\n# TYPE a counter\nab 1\n", "another family's sample"),
        ("# HELP a b\n# TYPE a counter\na -1\n", "a negative counter"),
        ("# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n", "no +Inf"),
        (
            "# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n\
             a_sum 1\na_count 1\n",
            "buckets that shrink",
        ),
    ] {
        assert!(Exposition::parse(text).is_err(), "{why}: {text:?} was accepted");
    }
}
