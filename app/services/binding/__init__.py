"""Who a WeChat user is: bound to a person by name, ID number and digits to the phone on file, or at the desk."""
