import sentry_sdk


def import_prices(lines):
    prices = {}
    for line in lines:
        try:
            prices[line.partition("=")[0]] = int(line.partition("=")[2])
        except ValueError as error:
            sentry_sdk.capture_exception(error)
    if not prices:
        sentry_sdk.capture_message("no prices in file 7", level="error")
    return prices
