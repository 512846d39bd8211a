//! Reading answers of the AWS Query protocol: shallow XML, entities unescaped, attributes and comments passed over.

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

/// Calls `visit` with the name of each child element, in order. The visitor may read the child or leave it.
pub(crate) fn children(
    parent: &mut ScopedDecoder<'_, '_>,
    mut visit: impl FnMut(&str, &mut ScopedDecoder<'_, '_>) -> Result<(), XmlDecodeError>,
) -> Result<(), XmlDecodeError> {
    while let Some(mut child) = parent.next_tag() {
        let name = child.start_el().local().to_owned();
        visit(&name, &mut child)?;
    }
    Ok(())
}

/// The text of an element.
pub(crate) fn text(element: &mut ScopedDecoder<'_, '_>) -> Result<String, XmlDecodeError> {
    Ok(try_data(element)?.into_owned())
}

/// Calls `visit` for each child of the element `result` below the root (`DescribeTypeResponse/DescribeTypeResult`).
/// Fails if the text is no XML, is cut off, or has no such element.
pub(crate) fn result(
    document: &str,
    result: &str,
    mut visit: impl FnMut(&str, &mut ScopedDecoder<'_, '_>) -> Result<(), XmlDecodeError>,
) -> Result<(), XmlDecodeError> {
    // The decoder takes the end of the text for the end of all open elements.
    let whole = document.trim_end();
    let mut document = Document::new(document);
    let mut root = document.root_element()?;
    if !whole.ends_with(&format!("</{}>", root.start_el().local())) {
        return Err(XmlDecodeError::custom("it is cut off"));
    }
    let mut found = false;
    children(&mut root, |name, element| {
        if name != result {
            return Ok(());
        }
        found = true;
        children(element, &mut visit)
    })?;
    if found { Ok(()) } else { Err(XmlDecodeError::custom(format!("there is no {result}"))) }
}

/// Code and words of an error: `ErrorResponse/Error` or `Response/Errors/Error`. `None` if it is no such document.
pub(crate) fn error(document: &str) -> Option<(Option<String>, Option<String>)> {
    let mut document = Document::new(document);
    let mut root = document.root_element().ok()?;
    let (mut code, mut message) = (None, None);
    let read = &mut |error: &mut ScopedDecoder<'_, '_>| {
        children(error, |name, element| {
            match name {
                "Code" => code = Some(text(element)?),
                "Message" => message = Some(text(element)?),
                _ => {}
            }
            Ok(())
        })
    };
    let whole = children(&mut root, |name, element| match name {
        "Error" => read(element),
        "Errors" => children(element, |name, element| if name == "Error" { read(element) } else { Ok(()) }),
        _ => Ok(()),
    });
    // What was read before a cut still counts.
    (whole.is_ok() || code.is_some()).then_some((code, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_in_both_forms_and_nothing_else_is() {
        let inner = "<Error><Type>Sender</Type><Code>A</Code><Message>x &lt;y&gt; &#x26; z</Message></Error>";
        let told = Some((Some("A".to_owned()), Some("x <y> & z".to_owned())));
        for outer in [
            format!("<ErrorResponse xmlns=\"http://x/\">{inner}<RequestId>r</RequestId></ErrorResponse>"),
            format!("<?xml version=\"1.0\"?>\n<Response><Errors>{inner}</Errors></Response>"),
            format!("<ErrorResponse>{inner}<RequestId>cut o"),
        ] {
            assert_eq!(error(&outer), told, "{outer}");
        }
        assert_eq!(error("<html><body>Bad gateway</body></html>"), Some((None, None)));
        assert_eq!(error("plain words"), None);
        assert_eq!(error(""), None);
    }

    #[test]
    fn a_result_that_is_missing_is_an_error() {
        assert!(result("<A><BResult/></A>", "AResult", |_, _| Ok(())).is_err());
        assert!(result("<A><AResult/></A>", "AResult", |_, _| Ok(())).is_ok());
        assert!(result("<A><AResult>", "AResult", |_, _| Ok(())).is_err());
        assert!(result("no xml", "AResult", |_, _| Ok(())).is_err());
    }
}
