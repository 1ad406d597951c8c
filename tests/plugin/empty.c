/* A shared object that is no plugin. */
const char *empty_says(void);

const char *empty_says(void)
{
    return "nothing";
}
