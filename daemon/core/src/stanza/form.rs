//! Data forms as far as other extensions use them ([XEP-0004](https://xmpp.org/extensions/xep-0004.html)): fields with
//! names and values. Showing forms to people is not done.

use crate::xml::{Element, ns};

/// A form or what was filled into one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The fields, in order.
    pub fields: Vec<Field>,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name; empty when there is none.
    pub var: String,
    /// The type, when it is given.
    pub kind: Option<String>,
    /// The values, in order.
    pub values: Vec<String>,
}

impl Form {
    /// A form that says what it is about in a hidden `FORM_TYPE` (XEP-0068) and gives each field one value.
    pub fn about(form_type: &str, fields: &[(&str, &str)]) -> Self {
        let hidden =
            Field { var: "FORM_TYPE".to_owned(), kind: Some("hidden".to_owned()), values: vec![form_type.to_owned()] };
        let given = fields.iter().map(|(var, value)| Field {
            var: (*var).to_owned(),
            kind: None,
            values: vec![(*value).to_owned()],
        });
        Self { fields: [hidden].into_iter().chain(given).collect() }
    }

    /// Reads an `<x/>`; `None` for any other element.
    pub fn parse(element: &Element) -> Option<Self> {
        let fields = element.children().filter(|child| child.is("field", ns::DATA_FORMS));
        element.is("x", ns::DATA_FORMS).then(|| Self { fields: fields.map(Field::parse).collect() })
    }

    /// The first value of a field.
    pub fn value(&self, var: &str) -> Option<&str> {
        let field = self.fields.iter().find(|field| field.var == var)?;
        field.values.first().map(String::as_str)
    }

    /// The element, its type being `submit` for what is filled in and `result` for what is told.
    pub fn to_element(&self, kind: &'static str) -> Element {
        Element::new("x", ns::DATA_FORMS)
            .with_attr("type", kind)
            .with_children(self.fields.iter().map(Field::to_element))
    }
}

impl Field {
    fn parse(element: &Element) -> Self {
        let values = element.children().filter(|child| child.is("value", ns::DATA_FORMS));
        Self {
            var: element.attr("var").unwrap_or_default().to_owned(),
            kind: element.attr("type").map(str::to_owned),
            values: values.map(Element::text).collect(),
        }
    }

    fn to_element(&self) -> Element {
        let values = self.values.iter().map(|value| Element::new("value", ns::DATA_FORMS).with_text(value.as_str()));
        Element::new("field", ns::DATA_FORMS)
            .with_optional_attr("type", self.kind.as_deref())
            .with_attr("var", self.var.as_str())
            .with_children(values)
    }
}
